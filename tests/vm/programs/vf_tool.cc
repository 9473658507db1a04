// vf_tool: the steps of vfio/, one a call, for the scenarios.
//
// usage: vf_tool number PF N | group FUNCTION | bind FUNCTION | restore FUNCTION DRIVER OVERRIDE
//                | reset FUNCTION | look VF | hold VF | fault FUNCTION
//
// `bind` prints DRIVER and OVERRIDE as `restore` takes them, "-" for none. `look` opens the VF and
// prints what it finds there; it has each vector of MSI-X raised once, and waits for its eventfd.
// `hold` opens the VF, prints "held", and gives it back when the kernel asks for it. `fault` prints
// "listening", and the next fault of the IOMMU that the function provokes.
#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/vm/programs/virtual_function.h"
#include "vfio/driver_binding.h"
#include "vfio/iommu_fault.h"
#include "vfio/iommu_group.h"

namespace arrakis::vm {
namespace {

using Arguments = std::vector<std::string>;

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }
std::string or_empty(const std::string& text) { return text == "-" ? "" : text; }

// How many vectors reach the eventfd that they were given.
Outcome<unsigned> count_interrupts(const VirtualFunction& vf) {
  std::vector<vfio::Descriptor> owned;
  std::vector<int> eventfds;
  for (unsigned i = 0; i < vf.device().msix_vectors(); ++i) {
    owned.emplace_back(::eventfd(0, EFD_CLOEXEC));
    eventfds.push_back(owned.back().get());
  }
  if (const auto set = vf.device().set_msix(eventfds); !set) return std::unexpected{set.error()};
  unsigned reached = 0;
  for (unsigned i = 0; i < eventfds.size(); ++i) {
    vf.interrupt(i);
    pollfd raised{.fd = eventfds[i], .events = POLLIN, .revents = 0};
    if (::poll(&raised, 1, 10'000) == 1) ++reached;
  }
  if (const auto off = vf.device().clear_msix(); !off) return std::unexpected{off.error()};
  return reached;
}

Outcome<void> look(const vfio::Sysfs& sysfs, vfio::PciAddress address) {
  const auto vf = VirtualFunction::open(sysfs, address);
  if (!vf) return std::unexpected{vf.error()};
  std::printf("mac %s\n", vf->mac().to_string().c_str());
  std::printf("link %s\n", vf->is_link_up() ? "up" : "down");
  const auto reached = count_interrupts(*vf);
  if (!reached) return std::unexpected{reached.error()};
  std::printf("vectors %u of %u\n", *reached, vf->device().msix_vectors());
  for (const vfio::IovaRange range : vf->container().ranges())
    std::printf("range %#lx %#lx\n", bits(range.first), bits(range.last));
  return {};
}

Outcome<void> hold(const vfio::Sysfs& sysfs, vfio::PciAddress address) {
  const auto vf = VirtualFunction::open(sysfs, address);
  if (!vf) return std::unexpected{vf.error()};
  const vfio::Descriptor request{::eventfd(0, EFD_CLOEXEC)};
  if (const auto set = vf->device().set_return_request(request.get()); !set) return set;
  std::printf("held\n");
  std::fflush(stdout);
  eventfd_t count = 0;
  if (::eventfd_read(request.get(), &count) != 0) return vfio::failed(errno, "wait");
  std::printf("asked to give it back\n");
  return {};
}

Outcome<void> wait_for_fault(const vfio::Sysfs& sysfs, vfio::PciAddress address) {
  auto log = vfio::FaultLog::open(sysfs);
  if (!log) return std::unexpected{log.error()};
  std::printf("listening\n");
  std::fflush(stdout);
  for (;;) {
    pollfd readable{.fd = log->fd(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, -1) < 0) return vfio::failed(errno, "wait");
    const auto fault = log->next();
    if (!fault || fault->device != address) continue;
    const bool is_write = fault->access == vfio::IommuFault::Access::write;
    std::printf("%s %#lx\n", is_write ? "write" : "read", bits(fault->address));
    return {};
  }
}

Outcome<void> show_group(const vfio::Sysfs& sysfs, vfio::PciAddress address) {
  const auto group = vfio::iommu_group_of(sysfs, address);
  if (!group) return std::unexpected{group.error()};
  std::printf("group %u\n", group->id);
  for (const vfio::PciFunction& member : group->members)
    std::printf("member %s %s\n", member.address.to_string().c_str(),
                or_dash(member.driver).c_str());
  return vfio::check_viable(*group);
}

Outcome<void> run(const Arguments& words) {
  vfio::Sysfs sysfs;
  const auto address = vfio::PciAddress::parse(words.size() < 2 ? "" : words[1]);
  if (!address) return fail(Error::Code::usage, "no PCI address", "see the top of vf_tool.cc");
  if (words[0] == "number" && words.size() == 3)
    return vfio::set_virtual_functions(sysfs, *address,
                                       static_cast<std::uint16_t>(std::atoi(words[2].c_str())));
  if (words[0] == "group") return show_group(sysfs, *address);
  if (words[0] == "reset") return vfio::reset_function(sysfs, *address);
  if (words[0] == "look") return look(sysfs, *address);
  if (words[0] == "fault") return wait_for_fault(sysfs, *address);
  if (words[0] == "hold") return hold(sysfs, *address);
  if (words[0] == "restore" && words.size() == 4)
    return vfio::restore_driver(sysfs, *address,
                                {.driver = or_empty(words[2]), .override = or_empty(words[3])});
  if (words[0] != "bind") return fail(Error::Code::usage, "no such call: " + words[0]);
  const auto prior = vfio::bind_driver(sysfs, *address, "vfio-pci");
  if (!prior) return std::unexpected{prior.error()};
  std::printf("%s %s\n", or_dash(prior->driver).c_str(), or_dash(prior->override).c_str());
  return {};
}

}  // namespace
}  // namespace arrakis::vm

int main(int argc, char** argv) {
  const auto done = arrakis::vm::run({argv + 1, argv + argc});
  if (done) return 0;
  std::fprintf(stderr, "error: %s\n", done.error().message.c_str());
  if (!done.error().remedy.empty())
    std::fprintf(stderr, "  fix: %s\n", done.error().remedy.c_str());
  return 1;
}
