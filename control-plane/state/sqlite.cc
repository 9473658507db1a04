#include "control-plane/state/sqlite.h"

#include <sqlite3.h>

namespace arrakis::control {
namespace {

std::unexpected<Error> failure(sqlite3* database, int status) {
  const char* path = sqlite3_db_filename(database, "main");
  const std::string file = path == nullptr || *path == '\0' ? "the database" : path;
  std::string message = file + ": " + sqlite3_errmsg(database);
  switch (status & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fail(Error::Code::unavailable, file + " is damaged: " + sqlite3_errmsg(database),
                  "stop arrakisd, move the file away and start again; VNICs must be assigned anew");
    case SQLITE_FULL:
      return fail(Error::Code::exhausted, std::move(message), "make room on the file system");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return fail(Error::Code::unavailable, std::move(message),
                  "check that root may write there, or give --state DIR");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(Error::Code::conflict, std::move(message),
                  "another program has the file open: stop it");
    default: return fail(Error::Code::internal, std::move(message));
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::bind(int place, std::int64_t number) {
  if (status_ == SQLITE_OK) status_ = sqlite3_bind_int64(statement_.get(), place, number);
  return *this;
}

Statement& Statement::bind(int place, std::string_view text) {
  if (status_ == SQLITE_OK)
    status_ =
        sqlite3_bind_text64(statement_.get(), place, text.data() == nullptr ? "" : text.data(),
                            text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int place, std::span<const std::uint8_t> blob) {
  if (status_ == SQLITE_OK)
    status_ = sqlite3_bind_blob64(statement_.get(), place, blob.data(), blob.size(), SQLITE_STATIC);
  return *this;
}

Outcome<bool> Statement::next() {
  if (status_ == SQLITE_OK) {
    const int step = sqlite3_step(statement_.get());
    if (step == SQLITE_ROW) return true;
    if (step == SQLITE_DONE) return false;
    status_ = step;
  }
  return failure(sqlite3_db_handle(statement_.get()), status_);
}

Outcome<void> Statement::run() {
  for (;;) {
    const Outcome<bool> row = next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
  }
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto bytes = blob(column);
  return {bytes.begin(), bytes.end()};
}

std::span<const std::uint8_t> Statement::blob(int column) const {
  const auto* data =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {data, data == nullptr ? 0 : static_cast<std::size_t>(size)};
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Outcome<Database> Database::open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int status = sqlite3_open_v2(
      path.c_str(), &raw,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
      nullptr);
  Database database;
  database.database_.reset(raw);
  if (status == SQLITE_OK) return database;
  if (raw == nullptr) return fail(Error::Code::exhausted, "no memory for a database");
  return fail(Error::Code::unavailable, path + ": " + sqlite3_errmsg(raw),
              "check that root may write there, or give --state DIR");
}

Outcome<void> Database::execute(const char* statements) {
  const int status = sqlite3_exec(database_.get(), statements, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return failure(database_.get(), status);
  return {};
}

Outcome<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int status =
      sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
  if (status != SQLITE_OK) return failure(database_.get(), status);
  Statement statement;
  statement.statement_.reset(raw);
  return statement;
}

Outcome<std::int64_t> Database::number(std::string_view sql) {
  Outcome<Statement> query = prepare(sql);
  if (!query) return std::unexpected(query.error());
  const Outcome<bool> row = query->next();
  if (!row) return std::unexpected(row.error());
  return *row ? query->number(0) : 0;
}

std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(database_.get()); }

Outcome<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun)
    return std::unexpected(begun.error());
  return Transaction{database};
}

Outcome<void> Transaction::commit() {
  Outcome<void> done = database_->execute("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

}  // namespace arrakis::control
