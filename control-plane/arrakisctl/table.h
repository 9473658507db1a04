// table.h: rows of text in aligned columns, for people. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace arrakis::ctl {

struct Column {
  enum class Align : unsigned char { left, right };
  std::string header;  // empty in all columns: no line of headers
  Align align = Align::left;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // each as long as columns
  std::string indent;                          // before every line

  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }
};

// Two blanks between columns, none at the end of a line; "-" for an empty cell. Control characters
// are escaped, so no cell can break its row.
std::string render(const Table& table);

}  // namespace arrakis::ctl
