// vf_dma: a virtual function is told to read or to write memory that it was not given: a page of
// another process, by its physical address, which without an IOMMU would be the page's.
//
// usage: vf_dma read|write VF|APP NETDEV
//
// With a name for a function it is that application, without a privilege, and drives the function
// that arrakisd ($ARRAKIS_SOCKET) gives it. NETDEV is the other end of the wire. Prints "address
// 0x..." of the page, for logs to be searched; succeeds when nothing came of it, and what is
// allowed still works. Needs root, for the page's address.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "libos/client/client.h"
#include "tests/vm/programs/virtual_function.h"
#include "tests/vm/programs/wire_socket.h"

namespace arrakis::vm {
namespace {

constexpr std::size_t page_bytes = 4096;
constexpr uid_t nobody = 65534;
constexpr std::string_view secret = "the neighbour's own";

// Another process with a page full of its secret. Ends when told to, and says whether it is whole.
class Neighbour {
 public:
  static Outcome<Neighbour> start();
  Neighbour(Neighbour&&) = default;

  vfio::Iova physical_address() const { return physical_; }
  bool is_unharmed();

 private:
  Neighbour() = default;
  [[noreturn]] static void live(int report, int questions);

  pid_t process_ = 0;
  vfio::Descriptor report_, question_;
  vfio::Iova physical_{};
};

// Documentation/admin-guide/mm/pagemap.rst: bits 0 to 54 are the frame's number, 63: present.
std::uint64_t physical_address_of(const void* page) {
  const vfio::Descriptor map{::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
  std::uint64_t entry = 0;
  const auto index = std::bit_cast<std::uintptr_t>(page) / page_bytes;
  if (::pread(map.get(), &entry, sizeof(entry), static_cast<off_t>(index * sizeof(entry))) !=
      sizeof(entry))
    return 0;
  const std::uint64_t frame = entry & ((std::uint64_t{1} << 55) - 1);
  return (entry >> 63) != 0 ? frame * page_bytes : 0;
}

void Neighbour::live(int report, int questions) {
  void* const page = ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
  if (page == MAP_FAILED) ::_exit(1);
  std::array<char, page_bytes> text{};
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = secret[i % secret.size()];
  std::memcpy(page, text.data(), text.size());
  const std::uint64_t physical = physical_address_of(page);
  if (::write(report, &physical, sizeof(physical)) != sizeof(physical)) ::_exit(1);
  char question = 0;
  if (::read(questions, &question, 1) != 1) ::_exit(1);
  ::_exit(std::memcmp(page, text.data(), text.size()) == 0 ? 0 : 3);
}

Outcome<Neighbour> Neighbour::start() {
  std::array<int, 2> up{}, down{};
  if (::pipe2(up.data(), O_CLOEXEC) != 0 || ::pipe2(down.data(), O_CLOEXEC) != 0)
    return vfio::failed(errno, "make a pipe");
  Neighbour neighbour;
  neighbour.process_ = ::fork();
  if (neighbour.process_ == 0) live(up[1], down[0]);
  neighbour.report_ = vfio::Descriptor{up[0]};
  neighbour.question_ = vfio::Descriptor{down[1]};
  ::close(up[1]);
  ::close(down[0]);
  std::uint64_t physical = 0;
  if (::read(up[0], &physical, sizeof(physical)) != sizeof(physical) || physical == 0)
    return fail(Error::Code::denied, "no physical address of a page", "run it as root");
  neighbour.physical_ = vfio::Iova{physical};
  return neighbour;
}

bool Neighbour::is_unharmed() {
  int status = 0;
  return ::write(question_.get(), "?", 1) == 1 && ::waitpid(process_, &status, 0) == process_ &&
         WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct Scene {
  VirtualFunction vf;
  WireSocket wire;
};

std::vector<std::byte> frame_to(const Scene& scene, std::string_view payload) {
  return make_frame({.destination = scene.vf.mac(), .source = scene.wire.mac()}, payload);
}

std::vector<std::byte> frame_from(const Scene& scene, std::string_view payload) {
  return make_frame({.destination = scene.wire.mac(), .source = scene.vf.mac()}, payload);
}

// Into and out of its own buffer: that must work before and after, or the rest shows nothing.
Outcome<void> allowed(Scene& scene, std::string_view text) {
  scene.vf.offer(scene.vf.buffer_iova());
  const auto in = frame_to(scene, text);
  if (!scene.wire.send(in)) return fail(Error::Code::internal, "the other end cannot send");
  const auto length = scene.vf.wait_for_frame();
  if (!length || !contains(scene.vf.buffer().first(*length), text))
    return fail(Error::Code::internal, "a frame for the function did not come");
  const auto out = frame_from(scene, text);
  std::memcpy(scene.vf.buffer().data(), out.data(), out.size());
  if (!scene.vf.send(scene.vf.buffer_iova(), static_cast<std::uint16_t>(out.size())))
    return fail(Error::Code::internal, "the function does not send");
  if (!scene.wire.receive({text}))
    return fail(Error::Code::internal, "a frame of the function was not seen");
  return {};
}

Outcome<void> forbidden_write(Scene& scene, vfio::Iova target) {
  scene.vf.offer(target);
  if (!scene.wire.send(frame_to(scene, "overwritten")))
    return fail(Error::Code::internal, "the other end cannot send");
  if (!scene.vf.wait_for_frame())
    return fail(Error::Code::internal, "the function never tried to write");
  return {};
}

Outcome<void> forbidden_read(Scene& scene, vfio::Iova target) {
  if (!scene.vf.send(target, 256))
    return fail(Error::Code::internal, "the function never tried to read");
  const auto out = frame_from(scene, "sent behind it");
  std::memcpy(scene.vf.buffer().data(), out.data(), out.size());
  if (!scene.vf.send(scene.vf.buffer_iova(), static_cast<std::uint16_t>(out.size())))
    return fail(Error::Code::internal, "the function does not send any more");
  const auto seen = scene.wire.receive({secret, "sent behind it"});
  if (!seen || contains(seen->bytes, secret))
    return fail(Error::Code::internal, "the neighbour's page left on the wire");
  return {};
}

// What this process may drive, for as long as it lives.
struct Target {
  vfio::PciAddress function;
  std::optional<client::Client> session;
};

Outcome<Target> attach(const std::string& app) {
  if (::setresgid(nobody, nobody, nobody) != 0 || ::setresuid(nobody, nobody, nobody) != 0)
    return vfio::failed(errno, "become nobody");
  const char* socket = std::getenv("ARRAKIS_SOCKET");
  auto session =
      client::Client::attach({.socket_path = socket == nullptr ? "" : socket, .app = app});
  if (!session) return std::unexpected{session.error()};
  for (const client::VnicGrant& vnic : session->take_vnics())
    if (const auto* grant = std::get_if<client::SriovGrant>(&vnic.queues.front()))
      if (const auto function = vfio::PciAddress::parse(grant->function))
        return Target{*function, *std::move(session)};
  return fail(Error::Code::not_found, app + " has no virtual function");
}

Outcome<Target> find_target(const char* name) {
  if (const auto function = vfio::PciAddress::parse(name)) return Target{*function, {}};
  return attach(name);
}

Outcome<void> run(std::string_view what, const char* name, const char* netdev) {
  if (what != "read" && what != "write")
    return fail(Error::Code::usage, "neither read nor write", "see the top of vf_dma.cc");
  auto neighbour = Neighbour::start();
  if (!neighbour) return std::unexpected{neighbour.error()};
  auto wire = WireSocket::open(netdev);
  if (!wire) return std::unexpected{wire.error()};
  const auto target = find_target(name);
  if (!target) return std::unexpected{target.error()};
  auto vf = VirtualFunction::open(vfio::Sysfs{}, target->function);
  if (!vf) return std::unexpected{vf.error()};
  Scene scene{.vf = *std::move(vf), .wire = *std::move(wire)};
  std::printf("address %#lx\n", bits(neighbour->physical_address()));
  if (auto done = allowed(scene, "before"); !done) return done;
  const auto forbidden = what == "read" ? forbidden_read : forbidden_write;
  if (auto done = forbidden(scene, neighbour->physical_address()); !done) return done;
  if (!neighbour->is_unharmed())
    return fail(Error::Code::internal, "the neighbour's page has changed");
  return allowed(scene, "afterwards");
}

}  // namespace
}  // namespace arrakis::vm

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto done = arrakis::vm::run(argv[1], argv[2], argv[3]);
  if (done) return 0;
  std::fprintf(stderr, "error: %s\n", done.error().message.c_str());
  return 1;
}
