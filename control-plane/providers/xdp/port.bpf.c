// port.bpf.c: what stands at one netdev ("port") between a VNIC and everybody else.
//
// A frame that arrives here was sent by whoever holds the other end of the wire, so the questions
// are, in this order:
//   1. police   a guard transmits into this port: may it say what this frame says, and so fast?
//   2. deliver  a recipient owns this port's queues: is the frame for it, and may it have it?
//   3. otherwise the frame is the kernel's.
// The two ends of a VNIC's own veth pair carry the same program: one has a guard, one a recipient.
#include <linux/bpf.h>  // before libbpf, whose headers take its types for granted

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#include "frame.bpf.h"
#include "port_layout.h"

struct ark_bucket {
  struct bpf_spin_lock lock;  // several queues may transmit at once
  __u64 credit;               // in bits * 1e9, so that no fraction of a bit is lost
  __u64 at_ns;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct ark_port_state);
} ark_state SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2 * ARK_PLACES);
  __type(key, __u32);
  __type(value, struct ark_vnic);
} ark_vnics SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct ark_bucket);
} ark_buckets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, ARK_PLACES);
  __type(key, __u32);
  __type(value, struct ark_count);
} ark_counts SEC(".maps");

// The frame in hand, here and not on the stack: the verifier then follows no value of it past the
// reader, and has a fifth of the paths to walk.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct frame);
} ark_frames SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, ARK_QUEUES_MAX);
  __type(key, __u32);
  __type(value, __u32);
} ark_xsks SEC(".maps");

static __always_inline struct ark_vnic* vnic_at(const struct ark_port_state* state, __u32 place) {
  __u32 slot = state->slot[place];
  if (slot == 0) return 0;
  __u32 index = 2 * place + slot - 1;
  return bpf_map_lookup_elem(&ark_vnics, &index);
}

static __always_inline bool same_mac(const __u8* a, const __u8* b) {
  for (int i = 0; i < 6; ++i)
    if (a[i] != b[i]) return false;
  return true;
}

static __always_inline bool same_address(const __u64* a, const __u64* b) {
  return a[0] == b[0] && a[1] == b[1];
}

// Some filter covers these. A fragment that is not the first has no ports: its addresses decide.
static __noinline bool covered(const struct ark_vnic* vnic, const struct frame* frame,
                               bool transmit) {
  if (vnic->rule_count == 0 || frame->icmp) return true;
  const __u64* peer = transmit ? frame->target : frame->source;
  const __u64 peer_0 = peer[0], peer_1 = peer[1];
  const __u16 own = transmit ? frame->source_port : frame->target_port;
  const __u16 other = transmit ? frame->target_port : frame->source_port;
  for (__u32 i = 0; i < ARK_RULES_MAX; ++i) {
    if (i >= vnic->rule_count) break;
    const struct ark_rule* rule = &vnic->rules[i];
    if (rule->protocol != 0 && rule->protocol != frame->protocol) continue;
    if (((peer_0 & rule->peer_mask[0]) ^ rule->peer[0]) |
        ((peer_1 & rule->peer_mask[1]) ^ rule->peer[1]))
      continue;
    if (rule->protocol == 0 || !frame->has_ports) return true;
    if (own < rule->first || own > rule->last) continue;
    if (other < rule->peer_first || other > rule->peer_last) continue;
    return true;
  }
  return false;
}

// A token bucket. The depth and the rate are of the table in force, so a new rate acts at once.
static __always_inline bool within_rate(const struct ark_vnic* vnic, __u64 bytes) {
  if (vnic->bits_per_second == 0) return true;
  __u32 zero = 0;
  struct ark_bucket* bucket = bpf_map_lookup_elem(&ark_buckets, &zero);
  if (!bucket) return false;
  const __u64 now = bpf_ktime_get_ns();
  const __u64 cost = bytes * 8 * 1000000000;
  bool within = false;
  bpf_spin_lock(&bucket->lock);
  __u64 elapsed = now > bucket->at_ns ? now - bucket->at_ns : 0;  // another CPU may be ahead
  if (elapsed > vnic->fill_ns) elapsed = vnic->fill_ns;
  __u64 credit = bucket->credit + elapsed * vnic->bits_per_second;
  if (credit > vnic->depth) credit = vnic->depth;
  if (credit >= cost) {
    credit -= cost;
    within = true;
  }
  bucket->credit = credit;
  if (now > bucket->at_ns) bucket->at_ns = now;
  bpf_spin_unlock(&bucket->lock);
  return within;
}

static __always_inline bool may_say_arp(const struct ark_vnic* vnic, const struct frame* frame,
                                        struct ark_count* count) {
  if (!same_mac(frame->arp_sender_mac, vnic->mac)) {
    ++count->forged_mac;
    return false;
  }
  // A probe has no sender address yet (RFC 5227, 2.1.1).
  if (!vnic->has_v4 || (frame->arp_sender != vnic->v4 && frame->arp_sender != 0)) {
    ++count->forged_address;
    return false;
  }
  return true;
}

// Neighbour discovery binds addresses to MACs, so it may speak of its own only (RFC 4861, 4).
static __always_inline bool may_say_ndp(const struct ark_vnic* vnic, const struct frame* frame,
                                        struct ark_count* count) {
  // Fragments must not carry it (RFC 6980); a host has no business with router messages.
  const bool solicits = frame->ndp_type == NDP_NEIGHBOR_SOLICITATION;
  const bool advertises = frame->ndp_type == NDP_NEIGHBOR_ADVERTISEMENT;
  if (frame->fragment || (!solicits && !advertises && frame->ndp_type != NDP_ROUTER_SOLICITATION)) {
    ++count->forged_address;
    return false;
  }
  if (advertises && !same_address(frame->ndp_target, vnic->v6)) {
    ++count->forged_address;
    return false;
  }
  if (frame->ndp_mac_count == 0) return true;
  if (frame->ndp_mac_count > 1 || !same_mac(frame->ndp_mac, vnic->mac)) {
    ++count->forged_mac;
    return false;
  }
  return true;
}

static __always_inline bool may_use_source(const struct ark_vnic* vnic, const struct frame* frame) {
  if (frame->ethertype == ETHERTYPE_IPV4) return vnic->has_v4 && frame->source_v4 == vnic->v4;
  if (!vnic->has_v6) return false;
  if (same_address(frame->source, vnic->v6)) return true;
  // Duplicate address detection asks from :: (RFC 4862, 5.4.2).
  return (frame->source[0] | frame->source[1]) == 0 &&
         frame->ndp_type == NDP_NEIGHBOR_SOLICITATION && same_address(frame->ndp_target, vnic->v6);
}

static __always_inline bool may_transmit(const struct ark_vnic* vnic, const struct frame* frame,
                                         struct ark_count* count) {
  if (!same_mac(frame->source_mac, vnic->mac)) {
    ++count->forged_mac;
    return false;
  }
  if (!frame->whole) {
    ++count->filtered_transmit;
    return false;
  }
  if (frame->ethertype == ETHERTYPE_ARP) {
    if (!may_say_arp(vnic, frame, count)) return false;
  } else {
    if (!may_use_source(vnic, frame)) {
      ++count->forged_address;
      return false;
    }
    if (frame->ndp_type != 0 && !may_say_ndp(vnic, frame, count)) return false;
    // A source route names the true target elsewhere, past the filter's eye.
    if (!covered(vnic, frame, true) || (frame->source_routed && vnic->rule_count != 0)) {
      ++count->filtered_transmit;
      return false;
    }
  }
  if (!within_rate(vnic, frame->bytes)) {
    ++count->over_rate;
    return false;
  }
  ++count->transmitted_packets;
  count->transmitted_bytes += frame->bytes;
  return true;
}

// On a netdev that the kernel uses too, only what is the recipient's alone: group traffic stays
// with the kernel, but for the solicitations that ask for the recipient's address.
static __always_inline bool is_for(const struct ark_vnic* vnic, const struct frame* frame,
                                   bool exclusive) {
  if (!frame->whole) return false;
  if (!(frame->target_mac[0] & 1) && !same_mac(frame->target_mac, vnic->mac)) return false;
  if (frame->ethertype == ETHERTYPE_ARP) return vnic->has_v4 && frame->arp_target == vnic->v4;
  if (frame->ethertype == ETHERTYPE_IPV4) {
    if (!vnic->has_v4) return false;
    if (frame->target_v4 == vnic->v4) return true;
    return exclusive && (frame->target_v4 == 0xffffffff || frame->target_v4 == vnic->v4_broadcast);
  }
  if (!vnic->has_v6) return false;
  if (same_address(frame->target, vnic->v6)) return true;
  if (same_address(frame->target, vnic->v6_solicited))
    return exclusive || (frame->ndp_type == NDP_NEIGHBOR_SOLICITATION &&
                         same_address(frame->ndp_target, vnic->v6));
  return exclusive && frame->target[0] == bpf_cpu_to_be64(0xff02000000000000) &&
         frame->target[1] == bpf_cpu_to_be64(1);  // all nodes (RFC 4291, 2.7.1)
}

static __always_inline int deliver(const struct ark_vnic* vnic, const struct frame* frame,
                                   bool exclusive, __u32 queue, struct ark_count* count) {
  const int otherwise = exclusive ? XDP_DROP : XDP_PASS;
  if (!is_for(vnic, frame, exclusive)) {
    if (exclusive) ++count->filtered_receive;
    return otherwise;
  }
  if (frame->ethertype != ETHERTYPE_ARP && !covered(vnic, frame, false)) {
    ++count->filtered_receive;  // its address is the VNIC's: not for the kernel either
    return XDP_DROP;
  }
  if (bpf_redirect_map(&ark_xsks, queue, XDP_DROP) == XDP_DROP) {
    ++count->no_socket;
    return XDP_DROP;
  }
  ++count->received_packets;
  count->received_bytes += frame->bytes;
  return XDP_REDIRECT;
}

SEC("xdp")
int ark_port(struct xdp_md* ctx) {
  __u32 key = 0;
  const struct ark_port_state* state = bpf_map_lookup_elem(&ark_state, &key);
  struct frame* frame = bpf_map_lookup_elem(&ark_frames, &key);
  if (!state || !frame) return XDP_ABORTED;
  read_frame(ctx, frame);

  const struct ark_vnic* guard = vnic_at(state, ARK_GUARD);
  if (guard) {
    key = ARK_GUARD;
    struct ark_count* count = bpf_map_lookup_elem(&ark_counts, &key);
    if (!count || !may_transmit(guard, frame, count)) return XDP_DROP;
  }

  const struct ark_vnic* recipient = vnic_at(state, ARK_RECIPIENT);
  if (!recipient) return state->exclusive ? XDP_DROP : XDP_PASS;
  key = ARK_RECIPIENT;
  struct ark_count* count = bpf_map_lookup_elem(&ark_counts, &key);
  if (!count) return XDP_DROP;
  return deliver(recipient, frame, state->exclusive != 0, ctx->rx_queue_index, count);
}

char _license[] SEC("license") = "Dual MIT/GPL";
