// sqlite.h: as much of SQLite as the store needs, with errors as values.
//
// Threads:  one. Lifetime: a Statement must not outlive its Database.
// Errors:   text of SQLite plus what to do. A Statement keeps its first error until run() or
// next().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace arrakis::control {

class Statement {
 public:
  // Places count from 1, as in SQLite. A bound text must live until the statement has run.
  Statement& bind(int place, std::int64_t number);
  Statement& bind(int place, std::string_view text);
  Statement& bind(int place, std::span<const std::uint8_t> blob);

  Outcome<void> run();   // to its end; rows are ignored
  Outcome<bool> next();  // false: no more rows

  // Columns count from 0 and live until the next call of next().
  std::int64_t number(int column) const;
  std::string text(int column) const;
  std::span<const std::uint8_t> blob(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int status_ = 0;
};

class Database {
 public:
  // ":memory:" is a database of its own that nothing keeps.
  static Outcome<Database> open(const std::string& path);

  Outcome<void> execute(const char* statements);
  Outcome<Statement> prepare(std::string_view sql);
  Outcome<std::int64_t> number(std::string_view sql);  // the first column of the first row
  std::int64_t last_row_id() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
};

// Rolls back unless commit() was called: all of a change or nothing.
class Transaction {
 public:
  static Outcome<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_{std::exchange(other.database_, nullptr)} {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Outcome<void> commit();

 private:
  explicit Transaction(Database& database) : database_{&database} {}
  Database* database_;
};

}  // namespace arrakis::control
