#include "control-plane/arrakisd/daemon.h"

#include <kj/async-unix.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "control-plane/arrakisd/listener.h"
#include "control-plane/arrakisd/log.h"
#include "control-plane/arrakisd/options.h"
#include "control-plane/arrakisd/privileges.h"
#include "control-plane/arrakisd/server.h"

namespace arrakis::control {
namespace {

int report(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.message.c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "  fix: %s\n", error.remedy.c_str());
  return 1;
}

Outcome<Policy> load_policy(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return fail(Error::Code::not_found, file + " cannot be read",
                "write one (see arrakisd.toml, installed as an example), or give --policy FILE");
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  return parse_policy(text, file);
}

Outcome<Store> open_store(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::create_directories(directory, error))
    // Tokens are in there.
    std::filesystem::permissions(directory, std::filesystem::perms{0700}, error);
  return Store::open(directory / "state.db");
}

// The caller says the last word on where; afterwards the policy and the options agree.
Outcome<Policy> effective_policy(const Options& options) {
  Outcome<Policy> policy = load_policy(options.policy);
  if (!policy) return policy;
  if (!options.socket.empty()) policy->daemon.socket = options.socket;
  if (!options.state.empty()) policy->daemon.state = options.state;
  return policy;
}

// A bad file leaves the policy in force; so does a good one that moves what cannot be moved live.
void reload(Registry& registry, const Options& options) {
  Outcome<Policy> policy = effective_policy(options);
  if (!policy) {
    spdlog::error("the policy stays as it was: {} ({})", policy.error().message,
                  policy.error().remedy);
    return;
  }
  const DaemonSettings& old = registry.policy().daemon;
  if (policy->daemon.socket != old.socket || policy->daemon.state != old.state)
    spdlog::warn("socket and state change with the next start only");
  set_log_level(policy->daemon.log);
  registry.replace(*std::move(policy));
  spdlog::info("audit: policy reloaded from {}", options.policy);
}

kj::Promise<void> reload_on_hangup(kj::UnixEventPort& port, Registry& registry,
                                   const Options& options) {
  return port.onSignal(SIGHUP).then([&port, &registry, &options](siginfo_t&&) {
    reload(registry, options);
    return reload_on_hangup(port, registry, options);
  });
}

// News of the kernel, for as long as the promise is kept.
kj::Promise<void> heed_news(kj::UnixEventPort::FdObserver& observer, Registry& registry) {
  return observer.whenBecomesReadable().then([&observer, &registry] {
    registry.heed_news();
    return heed_news(observer, registry);
  });
}

kj::Promise<void> heed_all_news(kj::UnixEventPort& port, Registry& registry) {
  kj::Promise<void> all = kj::NEVER_DONE;
  for (const int fd : registry.news_fds()) {
    auto observer = kj::heap<kj::UnixEventPort::FdObserver>(
        port, fd, kj::UnixEventPort::FdObserver::OBSERVE_READ);
    auto heeding = heed_news(*observer, registry).attach(kj::mv(observer));
    all = all.exclusiveJoin(kj::mv(heeding));
  }
  return all;
}

// Everything that outlives the event loop exists; serves until SIGTERM or SIGINT.
Outcome<void> serve(Registry& registry, Listener& listener, const Options& options,
                    const std::string& boot) {
  auto io = kj::setupAsyncIo();
  kj::UnixEventPort& port = io.unixEventPort;
  auto stop = port.onSignal(SIGTERM).exclusiveJoin(port.onSignal(SIGINT));
  Sessions sessions{registry, port};
  Services services{registry, sessions, boot, std::time(nullptr), io.provider->getTimer()};

  const auto held = registry.recover();
  if (!held) return std::unexpected(held.error());
  for (const Lease& lease : *held) {
    if (auto process = open_process(lease.stored.process))
      sessions.watch(lease.id, kj::mv(*process));
    else
      registry.reclaim(lease.id);  // it ended while we started
  }

  Server server{services, io.provider->getTimer()};
  auto hangups =
      reload_on_hangup(port, registry, options).exclusiveJoin(heed_all_news(port, registry));
  auto accepting = server.accept_from(io.lowLevelProvider->wrapListenSocketFd(listener.fd()));
  spdlog::info("arrakisd {} serves {}: {} VNICs, {} attached", ARRAKIS_VERSION, listener.path(),
               registry.list().size(), held->size());
  stop.exclusiveJoin(
          accepting.exclusiveJoin(kj::mv(hangups)).then([]() -> siginfo_t { KJ_UNREACHABLE; }))
      .wait(io.waitScope);
  spdlog::info("arrakisd ends; applications go on");
  return {};
}

Outcome<void> start(const Build& build, const Options& options, Policy policy) {
  if (build.needs_privileges)
    if (auto may = require_privileges(); !may) return may;
  Outcome<Listener> listener = Listener::open(policy.daemon.socket);
  if (!listener) return std::unexpected(listener.error());
  Outcome<Store> store = open_store(policy.daemon.state);
  if (!store) return std::unexpected(store.error());
  const Failpoints failpoints = options.failpoints ? Failpoints::from_environment() : Failpoints{};
  auto providers = build.make_providers(policy, failpoints);  // they open what only root may
  if (build.needs_privileges)
    if (auto kept = keep_needed_privileges(); !kept) return kept;

  const std::string boot = boot_id();
  Registry registry{{
      .policy = std::move(policy),
      .store = *std::move(store),
      .providers = std::move(providers),
      .failpoints = failpoints,
      .boot_id = boot,
      .is_alive = [](const ProcessId& process) { return open_process(process).has_value(); },
  }};
  const Outcome<void> served = serve(registry, *listener, options, boot);
  listener->remove();
  return served;
}

}  // namespace

int run_daemon(int argc, char** argv, const Build& build) {
  const Parsed parsed = parse_options(argc, argv);
  if (!parsed.options) return parsed.status;
  Outcome<Policy> policy = effective_policy(*parsed.options);
  if (!policy) return report(policy.error());
  if (parsed.options->check_policy) {
    std::printf("%s: good: %zu pools, %zu apps\n", parsed.options->policy.c_str(),
                policy->pools.size(), policy->apps.size());
    return 0;
  }
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) kj::UnixEventPort::captureSignal(signal);
  start_log(policy->daemon.log);
  try {
    const Outcome<void> ended = start(build, *parsed.options, *std::move(policy));
    return ended ? 0 : report(ended.error());
  } catch (const kj::Exception& exception) {
    return report({Error::Code::internal, exception.getDescription().cStr(), ""});
  } catch (const std::exception& exception) {
    return report({Error::Code::internal, exception.what(), ""});
  }
}

}  // namespace arrakis::control
