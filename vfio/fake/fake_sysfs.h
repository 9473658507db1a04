// fake_sysfs.h: a machine with PCI devices, for tests: a tree of files in a folder of its own,
// which changes under write() as the kernel's would.
//
// Lifetime: the folder goes with it.
// Faults:   refuse() and ignore() say what the next writes to an attribute meet.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vfio/pci_function.h"

namespace arrakis::vfio {

class FakeSysfs : public Sysfs {
 public:
  static std::unique_ptr<FakeSysfs> make();
  ~FakeSysfs() override;

  // What `function` says, as files: a PF with its SriovCapability (and its VFs, if there are),
  // driver, group (and the group's node in /dev/vfio), netdevs. Drivers exist by being named.
  void add(const PciFunction& function);
  void add_driver(const std::string& name);
  // Unplugged: its VFs too.
  void remove(PciAddress address);
  void turn_iommu_on();

  // From now on, writes to attributes of this name ("sriov_numvfs", "bind") fail so.
  void refuse(const std::string& attribute, Error error) { refused_[attribute] = std::move(error); }
  // ... succeed and do nothing.
  void ignore(const std::string& attribute) { ignored_.push_back(attribute); }
  void obey(const std::string& attribute);  // ends both

  struct Write {
    std::string attribute;  // the last name of the path
    std::string text;
    friend bool operator==(const Write&, const Write&) = default;
  };
  const std::vector<Write>& writes() const { return writes_; }
  void forget_writes() { writes_.clear(); }
  unsigned resets_of(PciAddress address) const;

 private:
  Outcome<void> do_write(const std::string& path, std::string_view text,
                         Duration deadline) override;
  explicit FakeSysfs(std::string folder);
  void put(const std::string& path, std::string_view text) const;
  void set_vfs(PciAddress physical, std::uint16_t count);
  void add_vf(PciAddress physical, std::uint16_t index);
  void bind(PciAddress address, const std::string& driver);
  void unbind(PciAddress address);
  void probe(PciAddress address);
  unsigned next_group() const;

  std::string folder_;
  std::map<std::string, Error> refused_;
  std::vector<std::string> ignored_;
  std::vector<Write> writes_;
  std::map<PciAddress, unsigned> resets_;
};

}  // namespace arrakis::vfio
