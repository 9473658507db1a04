#include "control-plane/state/store.h"

#include <algorithm>

#include "control-plane/state/schema.h"

namespace arrakis::control {
namespace {

std::unexpected<Error> unreadable(std::string_view what, std::string_view text) {
  return fail(Error::Code::unavailable,
              "the state is damaged: " + std::string{what} + " \"" + std::string{text} + "\"",
              "stop arrakisd, move state.db away and start again; VNICs must be assigned anew");
}

std::string join(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += word + " ";
  return all;
}

std::vector<std::string> split(std::string_view all) {
  std::vector<std::string> words;
  for (std::size_t end; (end = all.find(' ')) != std::string_view::npos; all.remove_prefix(end + 1))
    words.emplace_back(all.substr(0, end));
  return words;
}

template <class T>
Outcome<void> add(std::vector<T>& to, std::string_view what, const std::string& text,
                  const std::optional<T>& parsed) {
  if (!parsed) return unreadable(what, text);
  to.push_back(*parsed);
  return {};
}

Outcome<void> add_filter(std::vector<Filter>& to, const std::string& text) {
  const Outcome<Filter> parsed = parse_filter(text);
  if (!parsed) return unreadable("filter", text);
  to.push_back(*parsed);
  return {};
}

Outcome<void> add_neighbor(VnicSpec& spec, const std::string& text) {
  const std::size_t space = text.find(' ');
  if (space == std::string::npos) return unreadable("neighbor", text);
  const auto address = IpAddress::parse(text.substr(0, space));
  const auto mac = MacAddress::parse(text.substr(space + 1));
  if (!address || !mac) return unreadable("neighbor", text);
  spec.neighbors.push_back({*address, *mac});
  return {};
}

Outcome<void> add_item(StoredVnic& vnic, const std::string& kind, const std::string& text) {
  VnicSpec& spec = vnic.spec;
  if (kind == "address") return add(spec.addresses, kind, text, IpPrefix::parse(text));
  if (kind == "gateway") return add(spec.gateways, kind, text, IpAddress::parse(text));
  if (kind == "neighbor") return add_neighbor(spec, text);
  if (kind == "filter") return add_filter(spec.filters, text);
  if (kind == "granted_filter") return add_filter(vnic.granted_filters, text);
  if (kind == "enforced") {
    vnic.enforced.push_back(text);
    return {};
  }
  return unreadable("kind", kind);
}

std::int64_t as_signed(std::uint64_t v) { return static_cast<std::int64_t>(v); }

}  // namespace

Outcome<Store> Store::open(const std::string& path) {
  Outcome<Database> database = Database::open(path);
  if (!database) return std::unexpected(database.error());
  if (auto ready = migrate(*database); !ready) return std::unexpected(ready.error());
  return Store{*std::move(database)};
}

Outcome<std::vector<StoredVnic>> Store::vnics() {
  auto query = database_.prepare(
      "SELECT name, app, provider, mac, mtu, queues, rate, granted_rate, device, wire,"
      " trust_transmit FROM vnic ORDER BY length(name), name");
  if (!query) return std::unexpected(query.error());
  std::vector<StoredVnic> all;
  for (;;) {
    const Outcome<bool> row = query->next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return all;
    StoredVnic vnic;
    VnicSpec& spec = vnic.spec;
    spec.name = query->text(0);
    spec.app = query->text(1);
    spec.provider = query->text(2);
    const auto mac = MacAddress::parse(query->text(3));
    if (!mac) return unreadable("MAC", query->text(3));
    spec.mac = *mac;
    spec.mtu_bytes = static_cast<std::uint16_t>(query->number(4));
    spec.queues = static_cast<std::uint16_t>(query->number(5));
    spec.rate.bits_per_second = static_cast<std::uint64_t>(query->number(6));
    vnic.granted_rate.bits_per_second = static_cast<std::uint64_t>(query->number(7));
    spec.device = query->text(8);
    spec.wire = query->text(9);
    spec.trust_transmit = query->number(10) != 0;
    if (auto read = read_items(vnic); !read) return std::unexpected(read.error());
    if (auto read = read_function(spec); !read) return std::unexpected(read.error());
    all.push_back(std::move(vnic));
  }
}

Outcome<void> Store::read_items(StoredVnic& vnic) {
  auto query =
      database_.prepare("SELECT kind, text FROM vnic_item WHERE vnic = ? ORDER BY kind, place");
  if (!query) return std::unexpected(query.error());
  query->bind(1, vnic.spec.name);
  for (;;) {
    const Outcome<bool> row = query->next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    if (auto added = add_item(vnic, query->text(0), query->text(1)); !added) return added;
  }
}

Outcome<void> Store::read_function(VnicSpec& spec) {
  auto query = database_.prepare(
      "SELECT physical, of, place, vlan, unfiltered, forced FROM virtual_function WHERE vnic = ?");
  if (!query) return std::unexpected(query.error());
  query->bind(1, spec.name);
  const Outcome<bool> row = query->next();
  if (!row) return std::unexpected(row.error());
  if (*row)
    spec.function = {.physical = query->text(0),
                     .count = static_cast<std::uint16_t>(query->number(1)),
                     .index = static_cast<std::uint16_t>(query->number(2)),
                     .vlan = static_cast<std::uint16_t>(query->number(3)),
                     .unfiltered = query->number(4) != 0,
                     .forced = query->number(5) != 0};
  return {};
}

Outcome<std::vector<StoredLease>> Store::leases() {
  auto query = database_.prepare(
      "SELECT app, pid, start_ticks, uid, token, boot_id, opened FROM lease ORDER BY app");
  if (!query) return std::unexpected(query.error());
  std::vector<StoredLease> all;
  for (;;) {
    const Outcome<bool> row = query->next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return all;
    StoredLease lease;
    lease.app = query->text(0);
    lease.process = {static_cast<std::int32_t>(query->number(1)),
                     static_cast<std::uint64_t>(query->number(2)),
                     static_cast<std::uint32_t>(query->number(3))};
    const auto token = query->blob(4);
    if (token.size() != lease.token.size()) return unreadable("token of", lease.app);
    std::ranges::copy(token, lease.token.begin());
    lease.boot_id = query->text(5);
    lease.opened = split(query->text(6));
    all.push_back(std::move(lease));
  }
}

Outcome<std::vector<std::string>> Store::begun_releases() {
  auto query = database_.prepare("SELECT vnic FROM release ORDER BY vnic");
  if (!query) return std::unexpected(query.error());
  std::vector<std::string> all;
  for (;;) {
    const Outcome<bool> row = query->next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return all;
    all.push_back(query->text(0));
  }
}

Outcome<void> Store::begin_release(std::string_view vnic) {
  return run_with("INSERT OR REPLACE INTO release (vnic) VALUES (?)", vnic);
}

Outcome<void> Store::run_with(const char* sql, std::string_view key) {
  auto statement = database_.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  return statement->bind(1, key).run();
}

Outcome<void> Store::write(const StoredVnic& vnic) {
  auto insert = database_.prepare(
      "INSERT OR REPLACE INTO vnic"
      " (name, app, provider, mac, mtu, queues, rate, granted_rate, device, wire,"
      "  trust_transmit) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return std::unexpected(insert.error());
  const VnicSpec& spec = vnic.spec;
  const std::string mac = spec.mac.to_string();
  insert->bind(1, spec.name).bind(2, spec.app).bind(3, spec.provider).bind(4, mac);
  insert->bind(5, spec.mtu_bytes).bind(6, spec.queues);
  insert->bind(7, as_signed(spec.rate.bits_per_second));
  insert->bind(8, as_signed(vnic.granted_rate.bits_per_second));
  insert->bind(9, spec.device).bind(10, spec.wire).bind(11, std::int64_t{spec.trust_transmit});
  if (auto written = insert->run(); !written) return written;
  if (auto written = write_function(spec); !written) return written;
  return write_items(vnic);
}

Outcome<void> Store::write_function(const VnicSpec& spec) {
  if (auto erased = run_with("DELETE FROM virtual_function WHERE vnic = ?", spec.name); !erased)
    return erased;
  if (!spec.function) return {};
  auto insert = database_.prepare(
      "INSERT INTO virtual_function"
      " (vnic, physical, of, place, vlan, unfiltered, forced) VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return std::unexpected(insert.error());
  const VirtualFunction& function = *spec.function;
  insert->bind(1, spec.name).bind(2, function.physical).bind(3, function.count);
  insert->bind(4, function.index).bind(5, function.vlan);
  insert->bind(6, std::int64_t{function.unfiltered}).bind(7, std::int64_t{function.forced});
  return insert->run();
}

Outcome<void> Store::write_items(const StoredVnic& vnic) {
  const VnicSpec& spec = vnic.spec;
  if (auto erased = run_with("DELETE FROM vnic_item WHERE vnic = ?", spec.name); !erased)
    return erased;
  std::vector<std::pair<std::string_view, std::string>> items;
  for (const IpPrefix& address : spec.addresses) items.emplace_back("address", address.to_string());
  for (const IpAddress& gateway : spec.gateways) items.emplace_back("gateway", gateway.to_string());
  for (const Neighbor& neighbor : spec.neighbors)
    items.emplace_back("neighbor", neighbor.address.to_string() + " " + neighbor.mac.to_string());
  for (const Filter& filter : spec.filters) items.emplace_back("filter", to_string(filter));
  for (const Filter& filter : vnic.granted_filters)
    items.emplace_back("granted_filter", to_string(filter));
  for (const std::string& what : vnic.enforced) items.emplace_back("enforced", what);
  std::int64_t place = 0;
  for (const auto& [kind, text] : items) {
    auto insert = database_.prepare("INSERT INTO vnic_item VALUES (?, ?, ?, ?)");
    if (!insert) return std::unexpected(insert.error());
    if (auto done = insert->bind(1, spec.name).bind(2, kind).bind(3, place++).bind(4, text).run();
        !done)
      return done;
  }
  return {};
}

Outcome<void> Store::finish_release(std::string_view vnic) {
  Outcome<Transaction> transaction = Transaction::begin(database_);
  if (!transaction) return std::unexpected(transaction.error());
  if (auto erased = run_with("DELETE FROM vnic WHERE name = ?", vnic); !erased) return erased;
  if (auto done = run_with("DELETE FROM release WHERE vnic = ?", vnic); !done) return done;
  return transaction->commit();
}

Outcome<void> Store::cancel_release(std::string_view vnic) {
  return run_with("DELETE FROM release WHERE vnic = ?", vnic);
}

Outcome<void> Store::save(const StoredVnic& vnic) {
  Outcome<Transaction> transaction = Transaction::begin(database_);
  if (!transaction) return std::unexpected(transaction.error());
  if (auto written = write(vnic); !written) return written;
  return transaction->commit();
}

Outcome<void> Store::save(const StoredLease& lease) {
  auto insert = database_.prepare(
      "INSERT OR REPLACE INTO lease (app, pid, start_ticks, uid, token, boot_id, opened)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return std::unexpected(insert.error());
  const std::string opened = join(lease.opened);
  insert->bind(1, lease.app).bind(2, lease.process.pid);
  insert->bind(3, as_signed(lease.process.start_ticks)).bind(4, lease.process.uid);
  insert->bind(5, std::span<const std::uint8_t>{lease.token});
  return insert->bind(6, lease.boot_id).bind(7, opened).run();
}

Outcome<void> Store::remove_lease(std::string_view app) {
  return run_with("DELETE FROM lease WHERE app = ?", app);
}

}  // namespace arrakis::control
