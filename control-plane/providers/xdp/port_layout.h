// port_layout.h: the values of a port's maps, as port.bpf.c and the daemon both see them.
//
// C and C++. A daemon of another version finds these in the kernel after a restart: whoever changes
// a struct raises ARK_LAYOUT.
#pragma once

#include <linux/types.h>

#define ARK_LAYOUT 1
#define ARK_RULES_MAX 32   // of one direction
#define ARK_QUEUES_MAX 64  // of one port

// The two places at a port. Each has two slots of ark_vnics, so that a new table is written beside
// the one in force and then takes its place in one store (ark_port_state).
enum { ARK_GUARD = 0, ARK_RECIPIENT = 1, ARK_PLACES = 2 };

// One filter. Addresses are 16 bytes as two words as they lie in memory; IPv4 in its mapped form.
struct ark_rule {
  __u64 peer[2];       // already masked
  __u64 peer_mask[2];  // zero: any peer
  __u16 first, last;   // our port, host order
  __u16 peer_first, peer_last;
  __u8 protocol;  // 0: any
  __u8 unused[7];
};

// A VNIC at a port: the guard is the one that transmits into it, the recipient the one whose
// sockets stand in ark_xsks.
struct ark_vnic {
  char name[32];
  __u8 mac[6];
  __u8 has_v4, has_v6;
  __u32 v4, v4_broadcast;  // network order
  __u64 v6[2];
  __u64 v6_solicited[2];  // its solicited-node multicast address (RFC 4291, 2.7.1)
  __u64 bits_per_second;  // 0: not limited
  __u64 depth;            // of the bucket, in bits * 1e9
  __u64 fill_ns;          // from empty to full
  __u32 rule_count;       // 0: all that the addresses allow
  __u32 unused;
  struct ark_rule rules[ARK_RULES_MAX];
};

struct ark_port_state {
  __u32 layout;
  __u32 exclusive;         // what the recipient does not take is dropped, not the kernel's
  __u32 slot[ARK_PLACES];  // 0: nobody; 1, 2: ark_vnics[2 * place + slot - 1]
};

struct ark_count {  // per place and CPU; order of control::VnicCounters
  __u64 received_packets, received_bytes;
  __u64 transmitted_packets, transmitted_bytes;
  __u64 filtered_receive;
  __u64 forged_mac;
  __u64 forged_address;
  __u64 filtered_transmit;
  __u64 over_rate;
  __u64 no_socket;  // for the recipient, while no application holds its queue
};
