// fake_provider.h: a provider for tests, whose "kernel objects" are files of a directory: they
// outlive the daemon as real ones do, and a test counts them.
#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "control-plane/providers/provider.h"

namespace arrakis::control {

class FakeProvider final : public Provider {
 public:
  FakeProvider(std::string name, std::filesystem::path kernel)
      : name_{std::move(name)}, kernel_{std::move(kernel)} {
    std::filesystem::create_directories(kernel_);
  }

  bool refuses_to_create = false;
  std::function<void()> while_creating = [] {};

  // What a test finds in the kernel.
  std::set<std::string> objects() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{kernel_})
      names.insert(entry.path().filename());
    return names;
  }

  std::string text_of(const std::string& vnic) const {  // "rate=100M filters=2"
    std::ifstream in{kernel_ / vnic};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::string_view name() const override { return name_; }
  std::vector<Finding> diagnose() override {
    return {{Finding::Verdict::pass, name_, "a fake is always there", ""}};
  }
  Outcome<std::vector<std::string>> check(const VnicSpec& spec) override {
    if (spec.wire == "broken") return fail(Error::Code::unavailable, "no wire", "mend it");
    return std::vector<std::string>{"tx filter", "rate"};
  }
  Outcome<void> create(VnicSpec& spec) override {
    while_creating();
    if (refuses_to_create) return fail(Error::Code::unavailable, "the fake refuses");
    if (exists(spec)) return fail(Error::Code::conflict, spec.name + " exists");
    write(spec, spec.rate, spec.filters.size());
    return {};
  }
  Outcome<QueueGrant> open(const VnicSpec& spec, std::uint16_t) override {
    if (!exists(spec)) return fail(Error::Code::not_found, spec.name + " does not exist");
    if (spec.provider == "wire")
      return WireQueueGrant{
          WireQueueGrant::Role::server, "fake", "secret", 10, 2048, memory(), event()};
    return XdpQueueGrant{event(), memory(), 4096, 1024, 0, 512, 512, 512, 512};
  }
  void destroy(const VnicSpec& spec) noexcept override {
    std::error_code ignored;
    std::filesystem::remove(kernel_ / spec.name, ignored);
  }
  Outcome<void> set_rate(const VnicSpec& spec, Rate rate) override {
    write(spec, rate, spec.filters.size());
    return {};
  }
  Outcome<void> set_filters(const VnicSpec& spec, std::span<const Filter> filters) override {
    if (filters.size() > 4) return fail(Error::Code::exhausted, "the fake has four filters");
    write(spec, spec.rate, filters.size());
    return {};
  }
  Outcome<VnicCounters> counters(const VnicSpec&) override {
    return VnicCounters{.received_packets = 7};
  }
  std::string device(const VnicSpec& spec) const override { return "fake-" + spec.name; }
  std::vector<std::string> adopt(std::span<const VnicSpec> live) override {
    std::vector<std::string> lost;
    std::set<std::string> rest = objects();
    for (const VnicSpec& spec : live)
      if (rest.erase(spec.name) == 0) lost.push_back(spec.name);
    for (const std::string& name : rest) std::filesystem::remove(kernel_ / name);
    return lost;
  }

 private:
  bool exists(const VnicSpec& spec) const { return std::filesystem::exists(kernel_ / spec.name); }
  void write(const VnicSpec& spec, Rate rate, std::size_t filters) {
    std::ofstream{kernel_ / spec.name} << "rate=" << to_string(rate) << " filters=" << filters;
  }
  static kj::AutoCloseFd event() { return kj::AutoCloseFd{::eventfd(0, EFD_CLOEXEC)}; }
  static kj::AutoCloseFd memory() {
    kj::AutoCloseFd fd{::memfd_create("fake", MFD_CLOEXEC)};
    if (::ftruncate(fd, 4096) != 0) return kj::AutoCloseFd{};
    return fd;
  }

  std::string name_;
  std::filesystem::path kernel_;
};

}  // namespace arrakis::control
