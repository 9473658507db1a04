#include "control-plane/policy/decide.h"

#include <algorithm>

#include "control-plane/model/quote.h"
#include "control-plane/policy/allocate.h"
#include "control-plane/policy/decide_function.h"

namespace arrakis::control {
namespace {

std::string who(const Subject& subject) {
  return subject.user.empty() ? "uid " + std::to_string(subject.uid) : quote(subject.user);
}

std::string place(const Policy& policy, std::uint32_t line) {
  return policy.file + ":" + std::to_string(line);
}

Outcome<const AppRule*> find_app(const Policy& policy, std::string_view name,
                                 std::string_view user) {
  if (auto valid = validate_app_name(name); !valid) return std::unexpected(valid.error());
  if (const AppRule* app = policy.app(name)) return app;
  return fail(Error::Code::denied, "the policy names no app " + quote(name),
              "add to " + policy.file + ": [[app]] / name = " + quote(name) + " / users = [\"" +
                  std::string{user} + "\"], then: systemctl reload arrakisd");
}

Outcome<std::string> choose_provider(const Policy& policy, const AppRule& app,
                                     const AssignRequest& request) {
  std::string provider = request.provider;
  if (provider.empty() && !request.wire.empty()) provider = "wire";
  if (provider.empty() && is_pci_address(request.device)) provider = "sriov";
  if (provider.empty() && !request.device.empty()) provider = "xdp";
  if (provider.empty() && !app.pool.empty()) provider = policy.pool(app.pool)->provider;
  if (provider.empty() && !app.providers.empty()) provider = app.providers.front();
  if (std::ranges::find(app.providers, provider) != app.providers.end()) return provider;
  return fail(Error::Code::denied,
              "app " + quote(app.name) + " may not have provider " + quote(provider),
              "add it to providers at " + place(policy, app.line));
}

Outcome<void> check_place(const Policy& policy, const AppRule& app, const VnicSpec& vnic,
                          std::span<const VnicSpec> present) {
  const std::string here = place(policy, app.line);
  if (!vnic.device.empty() && std::ranges::find(app.devices, vnic.device) == app.devices.end())
    return fail(Error::Code::denied,
                "app " + quote(app.name) + " may not share netdev " + quote(vnic.device),
                "add it to devices at " + here);
  if (vnic.provider != "wire") {
    if (vnic.wire.empty()) return {};
    return fail(Error::Code::usage, "only provider \"wire\" has a wire", "leave --wire out");
  }
  if (vnic.wire.empty())
    return fail(Error::Code::usage, "a VNIC of provider \"wire\" needs the name of its wire",
                "give --wire NAME; two VNICs that name it are its ends");
  if (std::ranges::find(app.wires, vnic.wire) == app.wires.end())
    return fail(Error::Code::denied,
                "app " + quote(app.name) + " may not join wire " + quote(vnic.wire),
                "add it to wires at " + here);
  if (std::ranges::count(present, vnic.wire, &VnicSpec::wire) >= 2)
    return fail(Error::Code::conflict, "wire " + quote(vnic.wire) + " has both its ends",
                "choose another name, or release one of them");
  return {};
}

// The wishes that are bounded by a number of the policy.
Outcome<void> decide_sizes(const Policy& policy, const AppRule& app, const PoolRule* pool,
                           const AssignRequest& request, VnicSpec& vnic) {
  const std::uint16_t pool_mtu = pool == nullptr ? std::uint16_t{1500} : pool->mtu_bytes;
  vnic.mtu_bytes = request.mtu_bytes == 0 ? pool_mtu : request.mtu_bytes;
  if (vnic.mtu_bytes < 576 || vnic.mtu_bytes > pool_mtu)
    return fail(Error::Code::denied,
                "an mtu of " + std::to_string(vnic.mtu_bytes) + " is outside 576 to " +
                    std::to_string(pool_mtu),
                "raise mtu of the pool in " + policy.file);
  vnic.queues = request.queues == 0 ? std::uint16_t{1} : request.queues;
  if (vnic.queues > app.queues)
    return fail(Error::Code::denied,
                "app " + quote(app.name) + " may have " + std::to_string(app.queues) +
                    " queues a VNIC, not " + std::to_string(vnic.queues),
                "raise queues at " + place(policy, app.line));
  // Nothing bounds what leaves by a shared netdev: the policy said that it trusts (trust_transmit).
  const bool is_shared = !vnic.device.empty();
  if (is_shared && !request.rate.limited()) return {};
  Outcome<Rate> rate = decide_rate(rate_cap(policy, vnic), request.rate);
  if (!rate) return std::unexpected(rate.error());
  vnic.rate = *rate;
  return {};
}

// What was asked for, and for a direction without wishes all that the policy allows.
Outcome<void> decide_filters(const Policy& policy, const AppRule& app, const AssignRequest& request,
                             VnicSpec& vnic) {
  for (const Filter& filter : request.filters)
    if (auto may = may_filter(policy, app.name, filter); !may) return may;
  vnic.filters = request.filters;
  // A card cannot bound ports and peers, and the policy knows: what was asked for will be refused.
  if (vnic.function && vnic.function->unfiltered) return validate(vnic.filters);
  for (const auto direction : {Filter::Direction::receive, Filter::Direction::transmit}) {
    if (std::ranges::count(request.filters, direction, &Filter::direction) != 0) continue;
    if (!vnic.device.empty() && direction == Filter::Direction::transmit) continue;
    std::ranges::copy_if(app.filters, std::back_inserter(vnic.filters),
                         [&](const Filter& filter) { return filter.direction == direction; });
  }
  return validate(vnic.filters);
}

}  // namespace

Outcome<void> may_administer(const Policy& policy, const Subject& subject) {
  if (subject.uid == 0) return {};
  for (const Principal& admin : policy.daemon.admins)
    if (admin.matches(subject)) return {};
  return fail(Error::Code::denied, who(subject) + " is not an administrator",
              "use sudo, or add the user to admins in [daemon] of " + policy.file);
}

Outcome<void> may_look(const Subject& subject, std::string_view app, std::uint32_t owner) {
  if (subject.uid == 0 || subject.uid == owner) return {};
  return fail(Error::Code::denied,
              who(subject) + " may not look into " + quote(app) + ", which runs as uid " +
                  std::to_string(owner),
              "do it as that user, or with sudo");
}

Outcome<void> may_attach(const Policy& policy, const Subject& subject, std::string_view name) {
  const std::string user = subject.user.empty() ? std::to_string(subject.uid) : subject.user;
  const Outcome<const AppRule*> app = find_app(policy, name, user);
  if (!app) return std::unexpected(app.error());
  for (const Principal& principal : (*app)->users)
    if (principal.matches(subject)) return {};
  return fail(Error::Code::denied, who(subject) + " may not attach as app " + quote(name),
              "add \"" + user + "\" to users at " + place(policy, (*app)->line) +
                  ", then: systemctl reload arrakisd");
}

Outcome<VnicSpec> decide_vnic(const Policy& policy, std::span<const VnicSpec> present,
                              const AssignRequest& request) {
  if (auto valid = validate(request); !valid) return std::unexpected(valid.error());
  const Outcome<const AppRule*> found = find_app(policy, request.app, "nobody");
  if (!found) return std::unexpected(found.error());
  const AppRule& app = **found;
  if (std::ranges::count(present, app.name, &VnicSpec::app) >= app.vnics)
    return fail(Error::Code::exhausted,
                "app " + quote(app.name) + " has all its " + std::to_string(app.vnics) + " VNICs",
                "raise vnics at " + place(policy, app.line) + ", or release one");

  VnicSpec vnic{.app = app.name, .wire = request.wire};
  auto provider = choose_provider(policy, app, request);
  if (!provider) return std::unexpected(provider.error());
  vnic.provider = *std::move(provider);
  const bool is_card = vnic.provider == "sriov";
  if (!is_card) vnic.device = request.device;
  vnic.trust_transmit = !vnic.device.empty() && app.trust_transmit;
  if (auto allowed = check_place(policy, app, vnic, present); !allowed)
    return std::unexpected(allowed.error());

  const PoolRule* pool = choose_pool(policy, app, vnic.provider, is_card ? request.device : "");
  if (is_card) {
    const auto function = decide_function({policy, app, pool}, present, request);
    if (!function) return std::unexpected(function.error());
    vnic.function = *function;
  }
  vnic.name = free_name(present);
  if (auto done = decide_sizes(policy, app, pool, request, vnic); !done)
    return std::unexpected(done.error());
  if (auto done = decide_filters(policy, app, request, vnic); !done)
    return std::unexpected(done.error());
  if (auto done = decide_addresses({policy, app, pool}, present, request, vnic); !done)
    return std::unexpected(done.error());
  if (auto done = decide_mac(present, request, vnic); !done) return std::unexpected(done.error());
  return vnic;
}

Rate rate_cap(const Policy& policy, const VnicSpec& vnic) {
  Rate cap;
  const auto lower_to = [&](Rate other) {
    if (other.limited() && (!cap.limited() || other < cap)) cap = other;
  };
  if (const AppRule* app = policy.app(vnic.app)) {
    lower_to(app->rate);
    const std::string card = vnic.function ? vnic.function->physical : "";
    if (const PoolRule* pool = choose_pool(policy, *app, vnic.provider, card)) lower_to(pool->rate);
  }
  return cap;
}

Outcome<Rate> decide_rate(Rate cap, Rate asked) {
  if (!asked.limited()) return cap;
  if (!cap.limited() || asked <= cap) return asked;
  return fail(Error::Code::denied,
              "a rate of " + to_string(asked) + " is above the limit of " + to_string(cap),
              "ask for at most " + to_string(cap) + ", or raise rate in the policy");
}

Outcome<void> may_filter(const Policy& policy, std::string_view name, const Filter& filter) {
  const AppRule* app = policy.app(name);
  if (app == nullptr)
    return fail(Error::Code::denied, "the policy names no app " + quote(name) + " any more");
  bool is_bounded = false;
  for (const Filter& authority : app->filters) {
    if (authority.direction != filter.direction) continue;
    if (covers(authority, filter)) return {};
    is_bounded = true;
  }
  if (!is_bounded) return {};
  return fail(Error::Code::denied,
              "filter \"" + to_string(filter) + "\" is outside what app " + quote(name) + " may",
              "widen filters at " + place(policy, app->line));
}

Outcome<std::vector<Filter>> with_filter(std::span<const Filter> present, const Filter& added) {
  std::vector<Filter> all{present.begin(), present.end()};
  if (std::ranges::find(all, added) != all.end()) return all;
  if (all.size() >= 64)
    return fail(Error::Code::exhausted, "a VNIC has at most 64 filters", "use a range of ports");
  all.push_back(added);
  if (auto valid = validate(all); !valid) return std::unexpected(valid.error());
  return all;
}

}  // namespace arrakis::control
