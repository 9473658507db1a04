// frame.bpf.h: reads one Ethernet frame, once, into what port.bpf.c asks about it.
//
// Every byte comes from an application or from the wire: what is cut short, or of a kind not known
// here, leaves `whole` false.
#pragma once

#include <linux/bpf.h>  // before libbpf, whose headers take its types for granted

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_ARP = 0x0806, ETHERTYPE_IPV6 = 0x86dd };
enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58 };
enum {
  EXTENSION_HOP_BY_HOP = 0,
  EXTENSION_ROUTING = 43,
  EXTENSION_FRAGMENT = 44,
  EXTENSION_TARGET_OPTIONS = 60
};
enum {
  NDP_ROUTER_SOLICITATION = 133,
  NDP_NEIGHBOR_SOLICITATION = 135,
  NDP_NEIGHBOR_ADVERTISEMENT = 136,
  NDP_REDIRECT = 137
};
enum { EXTENSIONS_MAX = 6, NDP_OPTIONS_MAX = 4 };

struct frame {
  __u64 bytes;
  __u64 source[2], target[2];  // IPv4 in its mapped form
  __u64 ndp_target[2];
  __u32 source_v4, target_v4;  // network order
  __u32 arp_sender, arp_target;
  __u16 ethertype;
  __u16 source_port, target_port;
  __u8 protocol;
  __u8 ndp_type;  // 133 to 137, or 0
  __u8 ndp_mac_count;
  __u8 source_mac[6], target_mac[6], arp_sender_mac[6], ndp_mac[6];
  bool whole, has_ports, icmp, fragment, source_routed;
};

struct ethernet_header {
  __u8 target[6], source[6];
  __be16 type;
} __attribute__((packed));

struct arp_packet {  // RFC 826, for Ethernet and IPv4
  __be16 hardware, protocol;
  __u8 hardware_size, protocol_size;
  __be16 operation;
  __u8 sender_mac[6];
  __be32 sender;
  __u8 target_mac[6];
  __be32 target;
} __attribute__((packed));

struct ipv4_header {  // RFC 791
  __u8 version_and_words, service;
  __be16 length, id, fragment;
  __u8 ttl, protocol;
  __be16 checksum;
  __be32 source, target;
} __attribute__((packed));

struct ipv6_header {  // RFC 8200
  __be32 version_class_flow;
  __be16 length;
  __u8 next, hop_limit;
  __u64 source[2], target[2];
} __attribute__((packed));

struct icmpv6_neighbor {  // RFC 4861, 4.3 and 4.4
  __u8 type, code;
  __be16 checksum;
  __be32 flags;
  __u64 target[2];
} __attribute__((packed));

struct link_address_option {  // RFC 4861, 4.6.1
  __u8 type, units;
  __u8 mac[6];
} __attribute__((packed));

static __always_inline bool read_arp(void* at, void* end, struct frame* frame) {
  const struct arp_packet* arp = at;
  if ((void*)(arp + 1) > end) return false;
  if (arp->hardware != bpf_htons(1) || arp->protocol != bpf_htons(ETHERTYPE_IPV4) ||
      arp->hardware_size != 6 || arp->protocol_size != 4)
    return false;
  __builtin_memcpy(frame->arp_sender_mac, arp->sender_mac, 6);
  frame->arp_sender = arp->sender;
  frame->arp_target = arp->target;
  return true;
}

// The link-layer address options of a solicitation or an advertisement.
static __always_inline bool read_ndp(void* at, void* end, struct frame* frame) {
  const struct icmpv6_neighbor* message = at;
  if (frame->ndp_type == NDP_ROUTER_SOLICITATION) {
    at += 8;  // no target (RFC 4861, 4.1)
  } else {
    if ((void*)(message + 1) > end) return false;
    frame->ndp_target[0] = message->target[0];
    frame->ndp_target[1] = message->target[1];
    at += sizeof(*message);
  }
  for (int i = 0; i < NDP_OPTIONS_MAX; ++i) {
    const struct link_address_option* option = at;
    if ((void*)(option + 1) > end) return true;  // Ethernet's padding, or nothing
    if (option->type == 1 || option->type == 2) {
      if (option->units != 1) return false;
      ++frame->ndp_mac_count;
      __builtin_memcpy(frame->ndp_mac, option->mac, 6);
    }
    if (option->units == 0) return false;
    at += 8 * (__u32)option->units;
  }
  return (void*)((struct link_address_option*)at + 1) > end;  // more options than we look at
}

static __always_inline bool read_transport(void* at, void* end, struct frame* frame) {
  const __u8 protocol = frame->protocol;
  if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) {
    const __be16* ports = at;
    if ((void*)(ports + 2) > end) return false;
    frame->source_port = bpf_ntohs(ports[0]);
    frame->target_port = bpf_ntohs(ports[1]);
    frame->has_ports = true;
    return true;
  }
  if (protocol == PROTOCOL_ICMPV6 && frame->ethertype == ETHERTYPE_IPV6) {
    const __u8* type = at;
    if (at + 8 > end) return false;
    if (*type < NDP_ROUTER_SOLICITATION || *type > NDP_REDIRECT) return true;
    frame->ndp_type = *type;
    return read_ndp(at, end, frame);
  }
  return true;
}

static __always_inline void map_v4(__u64* to, __be32 address) {
  to[0] = 0;
  __u32 words[2] = {bpf_htonl(0xffff), address};
  __builtin_memcpy(&to[1], words, 8);
}

static __always_inline bool read_ipv4(void* at, void* end, struct frame* frame) {
  const struct ipv4_header* ip = at;
  if ((void*)(ip + 1) > end) return false;
  const __u32 header_bytes = 4 * (ip->version_and_words & 15);
  if (ip->version_and_words >> 4 != 4 || header_bytes < sizeof(*ip)) return false;
  frame->source_v4 = ip->source;
  frame->target_v4 = ip->target;
  map_v4(frame->source, ip->source);
  map_v4(frame->target, ip->target);
  frame->protocol = ip->protocol;
  frame->icmp = ip->protocol == PROTOCOL_ICMP;
  frame->source_routed = header_bytes > sizeof(*ip);  // any option: they are not told apart here
  const __u16 fragment = bpf_ntohs(ip->fragment);
  frame->fragment = (fragment & 0x3fff) != 0;
  if (fragment & 0x1fff) return true;  // not the first: no ports in it
  return read_transport(at + header_bytes, end, frame);
}

static __always_inline bool read_ipv6(void* at, void* end, struct frame* frame) {
  const struct ipv6_header* ip = at;
  if ((void*)(ip + 1) > end) return false;
  if ((*(const __u8*)at) >> 4 != 6) return false;
  for (int i = 0; i < 2; ++i) {
    frame->source[i] = ip->source[i];
    frame->target[i] = ip->target[i];
  }
  __u8 next = ip->next;
  at += sizeof(*ip);
  for (int i = 0; i < EXTENSIONS_MAX; ++i) {
    const bool is_fragment = next == EXTENSION_FRAGMENT;
    if (!is_fragment && next != EXTENSION_HOP_BY_HOP && next != EXTENSION_ROUTING &&
        next != EXTENSION_TARGET_OPTIONS) {
      frame->protocol = next;
      frame->icmp = next == PROTOCOL_ICMPV6;
      return read_transport(at, end, frame);
    }
    const __u8* header = at;
    if (at + 8 > end) return false;
    if (next == EXTENSION_ROUTING) frame->source_routed = true;
    next = header[0];
    if (is_fragment) {
      frame->fragment = true;
      const __u16 offset = (__u16)(header[2] << 8 | header[3]);
      if (offset & 0xfff8) {  // not the first: what follows is the middle of something
        frame->protocol = next;
        frame->icmp = next == PROTOCOL_ICMPV6;
        return true;
      }
      at += 8;
    } else {
      at += 8 * ((__u32)header[1] + 1);
    }
  }
  return false;  // a longer chain than any honest sender's
}

static __always_inline void read_frame(struct xdp_md* ctx, struct frame* frame) {
  void* at = (void*)(long)ctx->data;
  void* end = (void*)(long)ctx->data_end;
  __builtin_memset(frame, 0, sizeof(*frame));
  frame->bytes = (__u64)(end - at);
  const struct ethernet_header* ethernet = at;
  if ((void*)(ethernet + 1) > end) return;
  __builtin_memcpy(frame->source_mac, ethernet->source, 6);
  __builtin_memcpy(frame->target_mac, ethernet->target, 6);
  frame->ethertype = bpf_ntohs(ethernet->type);
  at += sizeof(*ethernet);
  if (frame->ethertype == ETHERTYPE_ARP)
    frame->whole = read_arp(at, end, frame);
  else if (frame->ethertype == ETHERTYPE_IPV4)
    frame->whole = read_ipv4(at, end, frame);
  else if (frame->ethertype == ETHERTYPE_IPV6)
    frame->whole = read_ipv6(at, end, frame);
}
