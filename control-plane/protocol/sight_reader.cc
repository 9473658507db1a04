#include "control-plane/protocol/sight_reader.h"

#include <cstring>

#include "control-plane/protocol/counter_table.h"

namespace arrakis::sight {
namespace {

template <class Record>
std::expected<Page<Record>, std::string_view> read(std::span<const std::byte> page, PageKind kind,
                                                   std::size_t records_max) {
  PageHeader header;
  if (page.size() < sizeof(header)) return std::unexpected("a page shorter than its header");
  std::memcpy(&header, page.data(), sizeof(header));
  if (header.magic != page_magic) return std::unexpected("not a page");
  if (header.version != format_version) return std::unexpected("a page of another release");
  if (header.kind != kind) return std::unexpected("a page of another kind");
  if (header.record_bytes != sizeof(Record)) return std::unexpected("records of another size");
  if (header.is_last > 1) return std::unexpected("a page that is neither the last nor another");
  const std::size_t room = (page.size() - sizeof(header)) / sizeof(Record);
  if (header.records > room || header.records > records_max)
    return std::unexpected("more records than a page holds");
  Page<Record> out;
  out.records.resize(header.records);
  if (!out.records.empty())
    std::memcpy(out.records.data(), page.data() + sizeof(header),
                out.records.size() * sizeof(Record));
  if (header.is_last == 0) out.next_cursor = header.next_cursor;
  return out;
}

bool is_sound(const SocketRecord& r) {
  constexpr std::uint8_t scale_max = 14;  // RFC 7323, 2.3
  const bool is_udp = r.protocol == Protocol::udp;
  if (!is_udp && r.protocol != Protocol::tcp) return false;
  if (is_udp != (r.state == SocketState::unconnected)) return false;
  return r.state < SocketState::count && r.congestion < Congestion::count &&
         r.timer < Timer::count && r.send_scale <= scale_max && r.receive_scale <= scale_max &&
         r.local_port != 0;
}

}  // namespace

std::expected<Page<SocketRecord>, std::string_view> read_sockets(std::span<const std::byte> page) {
  auto read_page = read<SocketRecord>(page, PageKind::sockets, sockets_a_page);
  if (read_page)
    for (const SocketRecord& record : read_page->records)
      if (!is_sound(record)) return std::unexpected("a socket that cannot be");
  return read_page;
}

std::expected<std::vector<std::uint64_t>, std::string_view> read_counters(
    std::span<const std::byte> page) {
  auto read_page = read<std::uint64_t>(page, PageKind::counters, counters_max);
  if (!read_page) return std::unexpected(read_page.error());
  if (read_page->next_cursor) return std::unexpected("counters that do not end");
  return std::move(read_page->records);
}

std::string_view to_string(SocketState state) {
  switch (state) {
    case SocketState::closed: return "CLOSED";
    case SocketState::syn_sent: return "SYN-SENT";
    case SocketState::syn_received: return "SYN-RECV";
    case SocketState::established: return "ESTAB";
    case SocketState::fin_wait_1: return "FIN-WAIT-1";
    case SocketState::fin_wait_2: return "FIN-WAIT-2";
    case SocketState::close_wait: return "CLOSE-WAIT";
    case SocketState::closing: return "CLOSING";
    case SocketState::last_ack: return "LAST-ACK";
    case SocketState::time_wait: return "TIME-WAIT";
    case SocketState::listen: return "LISTEN";
    case SocketState::unconnected: return "UNCONN";
    case SocketState::count: break;
  }
  return "?";
}

std::string_view to_string(Congestion congestion) {
  switch (congestion) {
    case Congestion::cubic: return "cubic";
    case Congestion::new_reno: return "newreno";
    case Congestion::dctcp: return "dctcp";
    case Congestion::none:
    case Congestion::count: break;
  }
  return "none";
}

std::string_view to_string(Timer timer) {
  switch (timer) {
    case Timer::retransmit: return "retransmit";
    case Timer::loss_probe: return "loss-probe";
    case Timer::reorder: return "reorder";
    case Timer::persist: return "persist";
    case Timer::delayed_ack: return "delayed-ack";
    case Timer::keepalive: return "keepalive";
    case Timer::linger: return "linger";
    case Timer::fin_wait_2: return "fin-wait-2";
    case Timer::time_wait: return "time-wait";
    case Timer::none:
    case Timer::count: break;
  }
  return "none";
}

}  // namespace arrakis::sight
