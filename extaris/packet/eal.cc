#include "extaris/packet/eal.h"

#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_mbuf_dyn.h>
#include <sched.h>

#include <cstdio>
#include <mutex>
#include <vector>

#include "extaris/packet/notes.h"

namespace arrakis::extaris {
namespace {

std::vector<std::string> eal_arguments(const EalOptions& options) {
  std::vector<std::string> arguments{"arrakis",
                                     "--no-huge",
                                     "--no-shconf",
                                     "--no-telemetry",

                                     "--iova-mode=va",
                                     "--log-level=lib.eal:error",
                                     "--log-level=error",
                                     "-m",
                                     std::to_string(options.memory_mib)};
  if (options.pci) {
    // Who allows one function denies all others: this is a bridge's address, which no driver takes.
    arguments.emplace_back("-a");
    arguments.emplace_back("0000:00:00.0");
  } else {
    arguments.emplace_back("--no-pci");
  }
  // One logical core that may run wherever the thread may run already.
  arguments.emplace_back("--lcores");
  arguments.emplace_back("0@" + std::to_string(sched_getcpu()));
  return arguments;
}

// So that no driver puts a dynamic field of its own where notes.h keeps ours.
Outcome<void> reserve_notes() {
  for (std::size_t at = notes_offset; at < sizeof(rte_mbuf); at += sizeof(std::uint64_t)) {
    rte_mbuf_dynfield field{};
    std::snprintf(field.name, sizeof(field.name), "ark_notes_%zu", at);
    field.size = field.align = sizeof(std::uint64_t);
    if (rte_mbuf_dynfield_register_offset(&field, at) < 0)
      return fail(Error::Code::internal, "a packet's notes are taken by another dynamic field");
  }
  return {};
}

Outcome<void> start(const EalOptions& options) {
  cpu_set_t affinity;
  pthread_getaffinity_np(pthread_self(), sizeof(affinity), &affinity);
  std::vector<std::string> arguments = eal_arguments(options);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  const int result = rte_eal_init(static_cast<int>(argv.size()), argv.data());
  pthread_setaffinity_np(pthread_self(), sizeof(affinity), &affinity);  // EAL pins; we do not
  if (result < 0)
    return fail(Error::Code::unavailable,
                std::string{"DPDK's environment did not start: "} + rte_strerror(rte_errno),
                "check that the process may use " + std::to_string(options.memory_mib) +
                    " MiB of memory (ulimit -v)");
  return reserve_notes();
}

}  // namespace

Outcome<void> start_eal(const EalOptions& options) {
  static std::mutex mutex;
  static bool up = false;
  const std::lock_guard lock{mutex};
  if (up) return {};
  Outcome<void> result = start(options);
  up = result.has_value();
  return result;
}

EalThread::EalThread() noexcept
    : registered_{rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0} {}

EalThread::~EalThread() {
  if (registered_) rte_thread_unregister();
}

}  // namespace arrakis::extaris
