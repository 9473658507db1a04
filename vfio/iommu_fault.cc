#include "vfio/iommu_fault.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>

namespace arrakis::vfio {
namespace {

constexpr std::size_t record_bytes_max = 8192;  // of /dev/kmsg: CONSOLE_EXT_LOG_MAX in Linux

// What stands between `before` and the next of `ends`.
std::optional<std::string_view> between(std::string_view line, std::string_view before,
                                        std::string_view ends) {
  const std::size_t found = line.find(before);
  if (found == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(found + before.size());
  return rest.substr(0, rest.find_first_of(ends));
}

std::optional<std::uint64_t> hexadecimal(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  if (text->starts_with("0x")) text->remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->begin(), text->end(), value, 16);
  if (error != std::errc{} || end != text->end()) return std::nullopt;
  return value;
}

std::optional<PciAddress> device_named(std::optional<std::string_view> text) {
  return text ? PciAddress::parse(*text) : std::nullopt;
}

// "DMAR: [DMA Write NO_PASID] Request device [01:10.0] fault addr 0x35da000 [fault reason 0x05]
// ..." (Linux, dmar_fault_do_one). It leaves the domain out: 0 on all but the largest machines.
std::optional<IommuFault> parse_vtd(std::string_view line) {
  const auto device = device_named(between(line, "Request device [", "]"));
  const auto address = hexadecimal(between(line, "fault addr ", " "));
  const auto access = between(line, "[DMA ", " ]");
  if (!device || !address || !access) return std::nullopt;
  auto kind = IommuFault::Access::unknown;
  if (*access == "Read") kind = IommuFault::Access::read;
  if (*access == "Write") kind = IommuFault::Access::write;
  return IommuFault{.device = *device, .access = kind, .address = Iova{*address}};
}

// "AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:01:10.0 domain=0x000a address=0x35da000
// flags=0x0020]" (Linux, amd_iommu_report_page_fault; flag 0x20 is its EVENT_FLAG_RW).
std::optional<IommuFault> parse_amd(std::string_view line) {
  const auto device = device_named(between(line, "IO_PAGE_FAULT device=", " ]"));
  const auto address = hexadecimal(between(line, " address=", " ]"));
  const auto flags = hexadecimal(between(line, " flags=", " ]"));
  if (!device || !address || !flags) return std::nullopt;
  const bool is_write = (*flags & 0x20) != 0;
  return IommuFault{.device = *device,
                    .access = is_write ? IommuFault::Access::write : IommuFault::Access::read,
                    .address = Iova{*address}};
}

}  // namespace

std::optional<IommuFault> parse_iommu_fault(std::string_view line) {
  if (line.find("DMAR: [DMA ") != std::string_view::npos) return parse_vtd(line);
  if (line.find("AMD-Vi: Event logged [IO_PAGE_FAULT ") != std::string_view::npos)
    return parse_amd(line);
  return std::nullopt;
}

Outcome<FaultLog> FaultLog::open(const Sysfs& sysfs) {
  const std::string path = sysfs.kernel_log();
  Descriptor log{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!log) return failed(errno, "open " + path, "this needs CAP_SYSLOG");
  if (::lseek(log.get(), 0, SEEK_END) < 0) return failed(errno, "go to the end of " + path);
  return FaultLog{std::move(log)};
}

// Documentation/ABI/testing/dev-kmsg: one record a read; EPIPE: some were overwritten unread, and
// the next read goes on behind them.
std::optional<IommuFault> FaultLog::next() {
  std::array<char, record_bytes_max> record{};
  for (;;) {
    const ssize_t length = ::read(log_.get(), record.data(), record.size());
    if (length < 0 && (errno == EPIPE || errno == EINTR)) continue;
    if (length <= 0) return std::nullopt;
    const std::string_view text{record.data(), static_cast<std::size_t>(length)};
    if (const auto fault = parse_iommu_fault(text.substr(0, text.find('\n')))) return fault;
  }
}

}  // namespace arrakis::vfio
