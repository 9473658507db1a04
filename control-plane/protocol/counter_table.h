// counter_table.h: the counters of a queue, in the order in which a page has them, with the names
// that `netstat -s` and `nstat` of Linux give to the same thing where they have one.
//
// Counters are added at the end, and never change places: readers of another release go by them.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace arrakis::sight {

struct CounterName {
  std::string_view name;
  std::string_view linux_name;  // of nstat; empty: Linux has none that counts the same
};

inline constexpr std::array counter_table = {
    // the host
    CounterName{"received_packets", ""},
    CounterName{"received_bytes", ""},
    CounterName{"transmitted_packets", ""},
    CounterName{"transmitted_bytes", ""},
    CounterName{"delivered_datagrams", "UdpInDatagrams"},
    CounterName{"reassembled_datagrams", "IpReasmOKs"},
    CounterName{"fragmented_datagrams", "IpFragOKs"},
    CounterName{"icmp_errors_sent", ""},
    CounterName{"icmp_errors_limited", "IcmpOutRateLimitGlobal"},
    // TCP
    CounterName{"tcp.segments_received", "TcpInSegs"},
    CounterName{"tcp.segments_sent", "TcpOutSegs"},
    CounterName{"tcp.fast_path", "TcpExtTCPHPHits"},
    CounterName{"tcp.bytes_received", ""},
    CounterName{"tcp.bytes_sent", ""},
    CounterName{"tcp.connects", "TcpActiveOpens"},
    CounterName{"tcp.accepts", "TcpPassiveOpens"},
    CounterName{"tcp.fast_opens", ""},
    CounterName{"tcp.fast_opens_accepted", "TcpExtTCPFastOpenPassive"},
    CounterName{"tcp.resets_sent", "TcpOutRsts"},
    CounterName{"tcp.resets_received", ""},
    CounterName{"tcp.timeouts", "TcpExtTCPAbortOnTimeout"},
    CounterName{"tcp.acks_delayed", "TcpExtDelayedACKs"},
    CounterName{"tcp.challenge_acks", "TcpExtTCPChallengeACK"},
    CounterName{"tcp.challenge_acks_limited", "TcpExtTCPACKSkippedChallenge"},
    CounterName{"tcp.old_timestamps", "TcpExtPAWSEstab"},
    CounterName{"tcp.no_timestamp", ""},
    CounterName{"tcp.unacceptable", ""},
    CounterName{"tcp.beyond_window", ""},
    CounterName{"tcp.out_of_order", "TcpExtTCPOFOQueue"},
    CounterName{"tcp.duplicate_bytes", ""},
    CounterName{"tcp.retransmitted", "TcpRetransSegs"},
    CounterName{"tcp.fast_recoveries", ""},
    CounterName{"tcp.loss_probes", "TcpExtTCPLossProbes"},
    CounterName{"tcp.retransmission_timeouts", "TcpExtTCPTimeouts"},
    CounterName{"tcp.spurious_retransmissions", "TcpExtTCPDSACKRecv"},
    CounterName{"tcp.recoveries_undone", ""},
    CounterName{"tcp.black_holes", ""},
    CounterName{"tcp.window_probes", "TcpExtTCPWinProbe"},
    CounterName{"tcp.congestion_marks", ""},
    CounterName{"tcp.congestion_echoes", ""},
    CounterName{"tcp.keepalive_probes", "TcpExtTCPKeepAlive"},
    CounterName{"tcp.no_connection_left", ""},
    CounterName{"tcp.backlog_full", "TcpExtListenOverflows"},
    CounterName{"tcp.half_open_full", ""},
    CounterName{"tcp.fast_opens_refused", "TcpExtTCPFastOpenListenOverflow"},
    CounterName{"tcp.cookies_sent", "TcpExtSyncookiesSent"},
    CounterName{"tcp.cookies_accepted", "TcpExtSyncookiesRecv"},
    CounterName{"tcp.time_wait_recycled", ""},
    CounterName{"tcp.receive_queue_full", "TcpExtTCPRcvQDrop"},
    CounterName{"tcp.out_of_order_full", "TcpExtTCPOFODrop"},
    CounterName{"tcp.memory_refused", ""},
    CounterName{"tcp.connections", ""},  // now, in any state
    // packets that went no further, by the reason
    CounterName{"drop.truncated", ""},
    CounterName{"drop.bad_version", ""},
    CounterName{"drop.bad_length", ""},
    CounterName{"drop.bad_checksum", ""},
    CounterName{"drop.bad_source", ""},
    CounterName{"drop.bad_option", ""},
    CounterName{"drop.bad_hop_limit", ""},
    CounterName{"drop.not_for_us", ""},
    CounterName{"drop.unknown_ethertype", ""},
    CounterName{"drop.unknown_protocol", "IpInUnknownProtos"},
    CounterName{"drop.malformed_arp", ""},
    CounterName{"drop.malformed_icmp", ""},
    CounterName{"drop.malformed_ndp", ""},
    CounterName{"drop.no_socket", ""},
    CounterName{"drop.socket_full", "UdpRcvbufErrors"},
    CounterName{"drop.fragment_overlap", ""},
    CounterName{"drop.fragment_too_large", ""},
    CounterName{"drop.fragment_timeout", "IpReasmTimeout"},
    CounterName{"drop.fragment_no_room", ""},
    CounterName{"drop.no_route", "IpOutNoRoutes"},
    CounterName{"drop.no_neighbor", ""},
    CounterName{"drop.neighbor_queue_full", ""},
    CounterName{"drop.too_big", ""},
    CounterName{"drop.no_buffer", ""},
    CounterName{"drop.transmit_full", ""},
};

// Of later releases too.
inline constexpr std::size_t counters_max = 1024;
static_assert(counter_table.size() <= counters_max);

}  // namespace arrakis::sight
