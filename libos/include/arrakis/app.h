// app.h: how a program becomes an Arrakis application.
//
// attach() is the one time it meets the control plane: arrakisd checks who is asking, and hands
// over every VNIC assigned to that name. From then on packets move without the daemon; it may be
// stopped, killed and restarted, and a thread of this library quietly restores the session.
//
// Threads:   attach() and the destructor from one thread. Queues: see queue.h.
// Privilege: none. The program needs no capability and no hugepages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "arrakis/error.h"
#include "arrakis/event.h"
#include "arrakis/vnic.h"

namespace arrakis {

struct AppOptions {
  std::string socket;  // arrakisd's; empty: $ARRAKIS_SOCKET, else /run/arrakis/arrakisd.sock
  // TCP connections of each queue, at most. Half a KiB each when it is first in use, 32 bytes
  // of address space before.
  std::size_t connections = 65'536;
  // Packet buffers of each queue of a wire or a virtual function: what was received and not given
  // back, what was sent and not acknowledged, and what the device holds. A frame's worth each
  // (2.3 KiB at an MTU of 1500), taken at the start. Who waits for answers on n connections at
  // once needs n and some. Over xdp they lie in the memory that arrakisd shares with the kernel,
  // and are as many as it says.
  std::uint32_t packets = 4096;
};

class App {
 public:
  using Options = AppOptions;

  // Becomes the application `name`; empty: $ARRAKIS_APP, as `arrakisctl run` sets it.
  // Errors: no daemon, name unknown to the policy, user not allowed, name held by another process,
  // no VNIC assigned; each says what to do.
  static Outcome<App> attach(std::string_view name = {}, const Options& options = {});

  App(App&&) noexcept;
  App& operator=(App&&) noexcept;
  ~App();  // gives everything back; so does the end of the process, whatever its cause

  const std::string& name() const noexcept;
  std::span<Vnic> vnics() noexcept;
  Vnic& vnic(std::size_t index = 0) noexcept;  // there is at least one

  // The oldest event not yet seen, if there is one; from any thread, at the cost of an atomic load.
  // Who never asks loses the oldest of more than 256.
  std::optional<VnicEvent> take_event() noexcept;

 private:
  struct Parts;
  explicit App(std::unique_ptr<Parts> parts) noexcept;
  std::unique_ptr<Parts> parts_;
};

}  // namespace arrakis
