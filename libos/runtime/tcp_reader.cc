#include "arrakis/tcp_reader.h"

#include <algorithm>
#include <cstring>

#include "arrakis/scheduler.h"

namespace arrakis {

TcpReading::TcpReading(TcpReader& reader, std::string_view end, std::size_t bytes) noexcept
    : Waiter{reader.stream_.scheduler(),
             reader.stream_.scheduler().place(reader.stream_.connection().id()).receiver,
             &reader.stream_, read},
      reader_{reader},
      end_{end},
      bytes_{bytes} {}

bool TcpReading::read(Waiter& waiter) noexcept {
  auto& self = static_cast<TcpReading&>(waiter);
  if (self.subject() == nullptr) return true;  // the stream is gone
  return self.reader_.read({self.end_, self.bytes_}, self.piece_) != TcpReader::Progress::wait;
}

TcpReader::~TcpReader() {
  if (gathered_ != nullptr) FramePool::give_back(gathered_);
}

std::string_view TcpReader::rest() const noexcept { return packet_.text().substr(taken_); }

bool TcpReader::is_empty() const noexcept {
  return rest().empty() && !stream_.connection().is_readable();
}

std::optional<std::pair<std::size_t, std::size_t>> TcpReader::find(std::string_view text,
                                                                   std::size_t from,
                                                                   const Wanted& wanted) noexcept {
  if (wanted.end.empty()) {
    if (text.size() < wanted.bytes) return std::nullopt;
    return std::pair{wanted.bytes, wanted.bytes};
  }
  const std::size_t at = text.find(wanted.end, from);
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair{at, at + wanted.end.size()};
}

// Appends what fits. False: it does not all fit.
bool TcpReader::gather(std::string_view text) noexcept {
  if (gathered_ == nullptr)
    gathered_ = static_cast<char*>(FramePool::take(longest_, &stream_.frames()));
  const std::size_t fits = std::min(text.size(), longest_ - gathered_count_);
  std::memcpy(gathered_ + gathered_count_, text.data(), fits);
  gathered_count_ += fits;
  return fits == text.size();
}

TcpReader::Progress TcpReader::read(const Wanted& wanted,
                                    std::optional<std::string_view>& piece) noexcept {
  if (std::exchange(is_whole_, false)) gathered_count_ = 0;
  if (wanted.end.empty() && wanted.bytes == 0) {
    piece = std::string_view{};
    return Progress::done;
  }
  for (;;) {
    const std::string_view fresh = rest();
    if (gathered_count_ == 0 && packet_) {
      if (const auto found = find(fresh, 0, wanted)) {
        if (found->first > longest_) return Progress::failed;
        taken_ += found->second;
        piece = fresh.substr(0, found->first);
        return Progress::done;
      }
    }
    if (!fresh.empty()) {
      const std::size_t before = gathered_count_;
      const bool fits = gather(fresh);
      // The end may have begun in the packet before.
      const std::size_t from = before - std::min(before, wanted.end.size());
      if (const auto found = find({gathered_, gathered_count_}, from, wanted)) {
        taken_ += found->second - before;
        piece = std::string_view{gathered_, found->first};
        is_whole_ = true;
        return Progress::done;
      }
      if (!fits) return Progress::failed;
    }
    packet_ = stream_.connection().receive();  // and gives back the one before
    taken_ = 0;
    if (!packet_) return stream_.connection().at_end() ? Progress::failed : Progress::wait;
  }
}

}  // namespace arrakis
