#include "libos/client/client.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "libos/client/control_thread.h"

namespace arrakis::client {
namespace {

// Threads made inside have every signal blocked: signals are for the application's own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

struct Client::Parts {
  explicit Parts(ClientOptions its_options) : options{std::move(its_options)} {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() {
    if (!thread.joinable()) return;
    eventfd_write(shared.stop.get(), 1);
    thread.join();
  }

  ClientOptions options;
  Shared shared;
  std::vector<VnicGrant> vnics;
  std::thread thread;
};

Outcome<Client> Client::attach(const ClientOptions& options) {
  auto parts = std::make_unique<Parts>(options);
  parts->shared.stop = Descriptor{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!parts->shared.stop)
    return fail(Error::Code::exhausted,
                std::string{"cannot make an eventfd: "} + std::strerror(errno),
                "raise the limit of open files: ulimit -n");

  Attachment attachment;
  auto vnics = attachment.get_future();
  try {
    const SignalsBlocked blocked;
    parts->thread = std::thread{run_control_thread, std::cref(parts->options),
                                std::ref(parts->shared), std::move(attachment)};
  } catch (const std::system_error& error) {
    return fail(Error::Code::exhausted, std::string{"cannot start a thread: "} + error.what(),
                "raise the limit of processes: ulimit -u");
  }
  pthread_setname_np(parts->thread.native_handle(), "arrakis-control");

  auto outcome = vnics.get();
  if (!outcome) return std::unexpected(std::move(outcome.error()));
  parts->vnics = std::move(*outcome);
  return Client{std::move(parts)};
}

Client::Client(std::unique_ptr<Parts> parts) noexcept : parts_{std::move(parts)} {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

std::vector<VnicGrant> Client::take_vnics() { return std::exchange(parts_->vnics, {}); }

Window* Client::window(std::string_view vnic, std::size_t queue) noexcept {
  for (Window& window : parts_->shared.windows)
    if (window.vnic() == vnic && window.queue() == queue) return &window;
  return nullptr;
}

std::optional<VnicEvent> Client::take_event() noexcept { return parts_->shared.events.take(); }

bool Client::connected() const noexcept {
  return parts_->shared.connected.load(std::memory_order_acquire);
}

std::uint64_t Client::restorations() const noexcept {
  return parts_->shared.restorations.load(std::memory_order_acquire);
}

}  // namespace arrakis::client
