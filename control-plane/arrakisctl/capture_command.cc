// capture.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "control-plane/arrakisctl/command.h"
#include "control-plane/arrakisctl/output.h"
#include "control-plane/arrakisctl/pcapng.h"
#include "control-plane/arrakisctl/sights.h"
#include "control-plane/arrakisctl/signals.h"
#include "control-plane/model/quote.h"
#include "control-plane/protocol/capture_ring.h"
#include "control-plane/protocol/convert.h"

namespace arrakis::ctl {
namespace {

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

// Where the capture goes. A reader that has gone away (a pipe into Wireshark) is its end.
class Sink {
 public:
  static Result<Sink> open(const std::string& path) {
    if (path == "-") {
      if (::isatty(STDOUT_FILENO) == 1)
        return fail(Exit::usage, "a capture is nothing to look at on a terminal",
                    "give --write FILE, or pipe it: | wireshark -k -i -");
      return Sink{kj::AutoCloseFd{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)}};
    }
    // Payload is nobody else's.
    kj::AutoCloseFd file{
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR)};
    if (file.get() >= 0) return Sink{kj::mv(file)};
    return fail(Exit::other, "cannot write " + control::quote(path) + ": " + std::strerror(errno));
  }

  void add(const pcapng::Bytes& block) { waiting_ += block; }
  // False: nobody reads any more.
  Result<bool> flush() {
    std::string_view left = waiting_;
    while (!left.empty()) {
      const ssize_t done = ::write(file_, left.data(), left.size());
      if (done > 0) left.remove_prefix(static_cast<std::size_t>(done));
      if (done >= 0 || errno == EINTR) continue;
      if (errno == EPIPE) return false;
      return fail(Exit::other,
                  std::string{"the capture cannot be written: "} + std::strerror(errno));
    }
    waiting_.clear();
    return true;
  }

 private:
  explicit Sink(kj::AutoCloseFd file) : file_{kj::mv(file)} {}
  kj::AutoCloseFd file_;
  std::string waiting_;
};

// The ring of one queue, for as long as it is captured.
class Tap {
 public:
  static Result<kj::Own<Tap>> open(Connection& connection, SeenApp& app, const QueueName& queue,
                                   std::uint32_t snap_bytes) {
    auto request = app.sight.captureRequest();
    request.setVnic(queue.vnic.c_str());
    request.setQueue(queue.queue);
    request.setSnapBytes(snap_bytes);
    const auto answer = connection.call(kj::mv(request));
    if (!answer) return std::unexpected(answer.error());
    const auto view = control::unwrap(answer->getOutcome());
    if (!view) return std::unexpected(view.error());
    const auto fd = receive(connection, view->getMemory());
    if (!fd) return std::unexpected(fd.error());
    struct stat status{};
    if (::fstat(*fd, &status) != 0 || status.st_size != off_t{sight::capture_bytes})
      return fail(Exit::other, "arrakisd sent no memory of a capture",
                  "use arrakisctl and arrakisd of one release");
    void* memory =
        ::mmap(nullptr, sight::capture_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0);
    if (memory == MAP_FAILED)
      return fail(Exit::other, std::string{"cannot map the capture: "} + std::strerror(errno));
    return kj::heap<Tap>(queue, view->getCapture(), static_cast<std::byte*>(memory));
  }
  Tap(QueueName queue, protocol::Capture::Client capture, std::byte* memory)
      : queue_{std::move(queue)},
        capture_{kj::mv(capture)},
        memory_{memory, sight::capture_bytes},
        reader_{memory_},
        ended_{capture_.endedRequest()
                   .send()
                   .ignoreResult()
                   .catch_([](kj::Exception&&) {})
                   .then([this] { has_ended_ = true; })
                   .eagerlyEvaluate(nullptr)} {}
  ~Tap() { ::munmap(memory_.data(), memory_.size()); }
  KJ_DISALLOW_COPY(Tap);

  const QueueName& queue() const { return queue_; }
  sight::CaptureReader& reader() { return reader_; }
  bool has_ended() const { return has_ended_; }

 private:
  QueueName queue_;
  protocol::Capture::Client capture_;  // the lease
  std::span<std::byte> memory_;
  sight::CaptureReader reader_;
  bool has_ended_ = false;
  kj::Promise<void> ended_;
};

struct Bounds {
  std::uint64_t frames = UINT64_MAX;
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

class Capturing {
 public:
  Capturing(std::vector<kj::Own<Tap>> taps, Sink sink, Bounds bounds)
      : taps_{kj::mv(taps)}, sink_{kj::mv(sink)}, bounds_{bounds} {}

  void begin(const SeenApp& app, std::uint32_t snap_bytes) {
    sink_.add(pcapng::section_header("arrakisctl " ARRAKIS_VERSION));
    for (const auto& tap : taps_)
      sink_.add(pcapng::interface(tap->queue().text(), app.name, snap_bytes));
  }

  // Until a signal, a bound, the application's end or the reader's.
  Result<void> run(Connection& connection, Signals& signals) {
    for (;;) {
      const bool last = signals.take_pending() || all_ended() ||
                        (bounds_.deadline && std::chrono::steady_clock::now() >= *bounds_.deadline);
      for (std::uint32_t i = 0; i < taps_.size(); ++i)
        if (const auto drained = drain(i); !drained) return end(drained.error());
      const auto read = sink_.flush();
      if (!read) return std::unexpected(read.error());
      if (!*read) return {};
      if (last || frames_ >= bounds_.frames) return end(std::nullopt);
      connection.pause(look_every);
    }
  }

  std::uint64_t frames() const { return frames_; }
  std::uint64_t lost() const { return lost_; }

 private:
  static constexpr auto look_every = 20 * kj::MILLISECONDS;
  static constexpr int frames_a_look = 200'000;  // then signals are looked at

  bool all_ended() const {
    for (const auto& tap : taps_)
      if (!tap->has_ended()) return false;
    return true;
  }

  Result<void> drain(std::uint32_t i) {
    for (int n = 0; n < frames_a_look && frames_ < bounds_.frames; ++n) {
      const auto frame = taps_[i]->reader().next();
      if (!frame)
        return fail(Exit::other, "the application wrote nonsense: " + std::string{frame.error()},
                    "it is broken or hostile; or use arrakisctl and libarrakis of one release");
      if (!*frame) break;
      sink_.add(pcapng::enhanced_packet({.interface = i,
                                         .time_ns = (*frame)->time_ns,
                                         .original_bytes = (*frame)->original_bytes,
                                         .is_outgoing = (*frame)->is_outgoing,
                                         .bytes = (*frame)->bytes}));
      ++frames_;
    }
    return {};
  }

  // The file is complete whatever ended it.
  Result<void> end(std::optional<Failure> why) {
    for (std::uint32_t i = 0; i < taps_.size(); ++i) {
      const std::uint64_t lost = taps_[i]->reader().lost();
      sink_.add(pcapng::interface_statistics({.interface = i,
                                              .begin_ns = begun_ns_,
                                              .end_ns = now_ns(),
                                              .received = taps_[i]->reader().seen(),
                                              .dropped = lost}));
      lost_ += lost;
    }
    const auto written = sink_.flush();
    if (why) return std::unexpected(*std::move(why));
    if (!written) return std::unexpected(written.error());
    return {};
  }

  std::vector<kj::Own<Tap>> taps_;
  Sink sink_;
  Bounds bounds_;
  std::uint64_t begun_ns_ = now_ns();
  std::uint64_t frames_ = 0;
  std::uint64_t lost_ = 0;
};

class Capture final : public Command {
 public:
  explicit Capture(CLI::App& root)
      : Command{root,
                {"capture", "Frames of a running application as pcapng, both directions",
                 "arrakisctl capture --app kv_server --write kv.pcapng --duration 10"}} {
    cli().add_option("--app", app_, "Whose frames")->type_name("APP")->required();
    cli().add_option("--write", path_, "To this file; - is stdout")->type_name("PATH");
    cli().add_option("--count", count_, "End after so many frames")->type_name("N");
    cli().add_option("--snaplen", snap_bytes_, "Keep so many bytes of each")->type_name("BYTES");
    cli().add_option("--duration", seconds_, "End after so long")->type_name("SECONDS");
  }

  Result<int> run(const Context& context) override {
    auto bounds = bounds_of();
    if (!bounds) return std::unexpected(bounds.error());
    Signals signals;  // Ctrl-C ends the capture, not the file
    auto connection = Connection::open(context.target);
    if (!connection) return std::unexpected(std::move(connection).error());
    auto apps = look(**connection, app_);
    if (!apps) return std::unexpected(std::move(apps).error());
    if (apps->empty()) return fail(Exit::not_found, "there is no such application");
    auto taps = open_taps(**connection, apps->front());
    if (!taps) return std::unexpected(std::move(taps).error());
    auto sink = Sink::open(path_);
    if (!sink) return std::unexpected(std::move(sink).error());
    Capturing capturing{*std::move(taps), *std::move(sink), *bounds};
    capturing.begin(apps->front(), snap_bytes_);
    note(fmt::format("capturing {} (pid {}); end it with Ctrl-C", app_, apps->front().pid));
    const auto ended = capturing.run(**connection, signals);
    note(fmt::format("{} frames captured, {} lost", capturing.frames(), capturing.lost()));
    if (!ended) return std::unexpected(ended.error());
    return 0;
  }

 private:
  Result<Bounds> bounds_of() const {
    constexpr double seconds_max = 1e7;
    if (app_.empty()) return fail(Exit::usage, "whose frames?", "give --app NAME");
    if (snap_bytes_ == 0 || snap_bytes_ > sight::snap_bytes_max)
      return fail(Exit::usage,
                  fmt::format("of a frame 1 to {} bytes can be kept", sight::snap_bytes_max));
    if (count_ < 0)
      return fail(Exit::usage, "a capture ends after some frames", "as in --count 100");
    if (!(seconds_ >= 0 && seconds_ <= seconds_max))
      return fail(Exit::usage, "a capture lasts some seconds", "as in --duration 10");
    Bounds bounds;
    if (count_ > 0) bounds.frames = static_cast<std::uint64_t>(count_);
    if (seconds_ > 0)
      bounds.deadline = std::chrono::steady_clock::now() +
                        std::chrono::microseconds(static_cast<std::int64_t>(seconds_ * 1e6));
    return bounds;
  }

  // A queue that does not answer is reported; if none does, that is the end.
  Result<std::vector<kj::Own<Tap>>> open_taps(Connection& connection, SeenApp& app) const {
    std::vector<kj::Own<Tap>> taps;
    std::optional<Failure> failure;
    for (const QueueName& queue : app.queues) {
      auto tap = Tap::open(connection, app, queue, snap_bytes_);
      if (tap)
        taps.push_back(kj::mv(*tap));
      else
        failure = tap.error();
    }
    if (failure && taps.empty()) return std::unexpected(*failure);
    if (failure) report(*failure);
    return taps;
  }

  std::string app_, path_ = "-";
  std::int64_t count_ = 0;
  std::uint32_t snap_bytes_ = sight::snap_bytes_max;
  double seconds_ = 0;
};

}  // namespace

void add_capture_command(CLI::App& root, Commands& commands) {
  commands.push_back(std::make_unique<Capture>(root));
}

}  // namespace arrakis::ctl
