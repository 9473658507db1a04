#include "vfio/sysfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <memory>

#include "vfio/deadline_write.h"
#include "vfio/descriptor.h"

namespace arrakis::vfio {
namespace {

constexpr std::size_t attribute_bytes_max = 4096;  // one page: sysfs gives no more

std::string printable(std::string_view text) {
  return text == "\n" ? "nothing" : std::string{text};
}

}  // namespace

std::unexpected<Error> failed(int error_number, const std::string& what, std::string remedy) {
  Error::Code code = Error::Code::unavailable;
  if (error_number == ENOENT || error_number == ENODEV) code = Error::Code::not_found;
  if (error_number == EBUSY) code = Error::Code::conflict;
  if (error_number == EACCES || error_number == EPERM) code = Error::Code::denied;
  if (error_number == ENOMEM || error_number == ENOSPC) code = Error::Code::exhausted;
  return fail(code, "cannot " + what + ": " + std::strerror(error_number), std::move(remedy));
}

Outcome<void> Sysfs::do_write(const std::string& path, std::string_view text, Duration deadline) {
  const std::string what = "write " + printable(text) + " to " + path;
  const int error = write_within(path, text, deadline);
  if (error == 0) return {};
  if (error == ETIMEDOUT)
    return fail(Error::Code::unavailable, "the kernel did not finish in time to " + what,
                "look for the device in the kernel's log (dmesg); a process may still hold it");
  if (error == EACCES || error == EPERM) return failed(error, what, "this needs root");
  return failed(error, what, "the kernel's log (dmesg) may say why");
}

Outcome<std::string> read_text(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return failed(errno, "open " + path);
  std::array<char, attribute_bytes_max> buffer{};
  const ssize_t length = ::read(file.get(), buffer.data(), buffer.size());
  if (length < 0) return failed(errno, "read " + path);
  std::string text{buffer.data(), static_cast<std::size_t>(length)};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Outcome<std::uint64_t> read_number(const std::string& path) {
  const auto text = read_text(path);
  if (!text) return std::unexpected{text.error()};
  std::string_view digits = *text;
  const bool is_hexadecimal = digits.starts_with("0x");
  if (is_hexadecimal) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.begin(), digits.end(), value, is_hexadecimal ? 16 : 10);
  if (error != std::errc{} || end != digits.end())
    return fail(Error::Code::internal, path + " is not a number: " + *text);
  return value;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::optional<std::string> link_name(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t length = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (length <= 0) return std::nullopt;
  const std::string_view target{buffer.data(), static_cast<std::size_t>(length)};
  const std::size_t slash = target.rfind('/');
  return std::string{slash == std::string_view::npos ? target : target.substr(slash + 1)};
}

std::vector<std::string> entries(const std::string& folder) {
  struct Close {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  std::vector<std::string> names;
  const std::unique_ptr<DIR, Close> open{::opendir(folder.c_str())};
  if (!open) return names;
  // readdir is safe here: the stream is this function's own.
  while (const dirent* entry = ::readdir(open.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace arrakis::vfio
