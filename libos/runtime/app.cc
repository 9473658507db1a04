#include "arrakis/app.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "extaris/packet/eal.h"
#include "libos/client/client.h"
#include "libos/runtime/builder.h"

namespace arrakis {
namespace {

constexpr std::string_view default_socket = "/run/arrakis/arrakisd.sock";
constexpr std::size_t app_name_max = 63;
// Bookkeeping of DPDK and reassembly; touched only as far as it is used. What a card reaches is
// pinned, zeroed and mapped before its queue exists, used or not: no more of it than is needed.
constexpr std::size_t memory_mib = 32, memory_mib_a_queue = 36;
constexpr std::size_t memory_mib_of_functions = 8, memory_mib_a_function_queue = 10;
// What a packet takes of it: its place in the pool's ring, and for a card the whole of it.
constexpr std::size_t packet_bytes = 16, function_packet_bytes = 2560;

std::string setting(std::string_view given, const char* variable, std::string_view otherwise) {
  if (!given.empty()) return std::string{given};
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? value : std::string{otherwise};
}

bool any_is_function(const std::vector<client::VnicGrant>& grants) {
  for (const auto& grant : grants)
    for (const auto& queue : grant.queues)
      if (std::holds_alternative<client::SriovGrant>(queue)) return true;
  return false;
}

std::size_t memory_mib_of(const std::vector<client::VnicGrant>& grants, std::size_t packets) {
  std::size_t functions = 0, others = 0;  // queues
  for (const auto& grant : grants)
    for (const auto& queue : grant.queues)
      ++(std::holds_alternative<client::SriovGrant>(queue) ? functions : others);
  const std::size_t a_queue = memory_mib_a_queue + packets * packet_bytes / (1 << 20);
  const std::size_t a_function_queue =
      memory_mib_a_function_queue + packets * function_packet_bytes / (1 << 20);
  return (others != 0 ? memory_mib : memory_mib_of_functions) + others * a_queue +
         functions * a_function_queue;
}

}  // namespace

struct App::Parts {
  std::string name;
  client::Client client;    // goes last: the daemon reclaims what nobody uses any more
  std::vector<Vnic> vnics;  // at least one
};

Outcome<App> App::attach(std::string_view name, const Options& options) {
  const client::ClientOptions ours{
      .socket_path = setting(options.socket, "ARRAKIS_SOCKET", default_socket),
      .app = setting(name, "ARRAKIS_APP", "")};
  if (ours.app.empty())
    return fail(Error::Code::usage, "this program was not told which application it is",
                "start it with: arrakisctl run --app NAME -- PROGRAM");
  if (ours.app.size() > app_name_max)
    return fail(Error::Code::usage,
                "the name of an application has at most " + std::to_string(app_name_max) +
                    " characters, this one " + std::to_string(ours.app.size()),
                "arrakisctl list-apps shows the names there are");

  auto client = client::Client::attach(ours);
  if (!client) return std::unexpected(std::move(client.error()));
  std::vector<client::VnicGrant> grants = client->take_vnics();

  if (auto eal = extaris::start_eal(
          {.memory_mib = memory_mib_of(grants, options.packets), .pci = any_is_function(grants)});
      !eal)
    return std::unexpected(std::move(eal.error()));

  std::vector<Vnic> vnics;
  for (client::VnicGrant& grant : grants) {
    auto vnic = VnicBuilder::build(std::move(grant),
                                   {.connections = options.connections, .packets = options.packets},
                                   *client);
    if (!vnic) return std::unexpected(std::move(vnic.error()));
    vnics.push_back(std::move(*vnic));
  }
  return App{std::make_unique<Parts>(ours.app, std::move(*client), std::move(vnics))};
}

App::App(std::unique_ptr<Parts> parts) noexcept : parts_{std::move(parts)} {}
App::App(App&&) noexcept = default;
App& App::operator=(App&&) noexcept = default;
App::~App() = default;

const std::string& App::name() const noexcept { return parts_->name; }
std::span<Vnic> App::vnics() noexcept { return parts_->vnics; }
Vnic& App::vnic(std::size_t index) noexcept { return parts_->vnics[index]; }

std::optional<VnicEvent> App::take_event() noexcept { return parts_->client.take_event(); }

}  // namespace arrakis
