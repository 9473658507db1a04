#include "control-plane/state/schema.h"

#include <array>

namespace arrakis::control {
namespace {

// migrations[n] leads from version n to n + 1. A line that was released is never changed.
constexpr std::array migrations{
    R"sql(
      CREATE TABLE vnic (
        name TEXT PRIMARY KEY, app TEXT NOT NULL, provider TEXT NOT NULL, mac TEXT NOT NULL,
        mtu INTEGER NOT NULL, queues INTEGER NOT NULL, rate INTEGER NOT NULL,
        granted_rate INTEGER NOT NULL, device TEXT NOT NULL, wire TEXT NOT NULL,
        trust_transmit INTEGER NOT NULL) STRICT;
      CREATE TABLE vnic_item (
        vnic TEXT NOT NULL REFERENCES vnic ON DELETE CASCADE, kind TEXT NOT NULL,
        place INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (vnic, kind, place)) STRICT;
      CREATE TABLE lease (
        app TEXT PRIMARY KEY, pid INTEGER NOT NULL, start_ticks INTEGER NOT NULL,
        uid INTEGER NOT NULL, token BLOB NOT NULL, boot_id TEXT NOT NULL,
        opened TEXT NOT NULL) STRICT;
      CREATE TABLE release (
        vnic TEXT PRIMARY KEY, begun TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) STRICT;
    )sql",
    R"sql(
      CREATE TABLE virtual_function (
        vnic TEXT PRIMARY KEY REFERENCES vnic ON DELETE CASCADE, physical TEXT NOT NULL,
        of INTEGER NOT NULL, place INTEGER NOT NULL, vlan INTEGER NOT NULL,
        unfiltered INTEGER NOT NULL, forced INTEGER NOT NULL, UNIQUE (physical, place)) STRICT;
    )sql",
};

}  // namespace

Outcome<void> migrate(Database& database) {
  // WAL: a reader (an administrator with sqlite3) does not stop us. FULL: a commit is on the
  // medium.
  if (auto set = database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                  "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000;");
      !set)
    return set;
  const Outcome<std::int64_t> version = database.number("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  if (*version > std::ssize(migrations))
    return fail(Error::Code::unavailable,
                "the state was written by a newer arrakisd (version " + std::to_string(*version) +
                    " of its tables, this one knows " + std::to_string(migrations.size()) + ")",
                "install that release again, or give --state an empty directory");
  for (auto at = static_cast<std::size_t>(*version); at < migrations.size(); ++at) {
    Outcome<Transaction> transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    const std::string stamp = "PRAGMA user_version = " + std::to_string(at + 1);
    if (auto done = database.execute(migrations[at]); !done) return done;
    if (auto done = database.execute(stamp.c_str()); !done) return done;
    if (auto done = transaction->commit(); !done) return done;
  }
  const Outcome<std::int64_t> broken =
      database.number("SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'");
  if (!broken) return std::unexpected(broken.error());
  if (*broken == 0) return {};
  return fail(Error::Code::unavailable, "the state is damaged (SQLite's quick_check says so)",
              "stop arrakisd, move state.db away and start again; VNICs must be assigned anew");
}

}  // namespace arrakis::control
