#include "control-plane/arrakisctl/table.h"

#include <algorithm>
#include <cstddef>

#include "base/check.h"
#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

using Row = std::vector<std::string>;

// Columns of a terminal, taking each code point of UTF-8 for one.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Row printable(const Row& row) {
  Row cells;
  for (const std::string& cell : row) cells.push_back(cell.empty() ? "-" : control::one_line(cell));
  return cells;
}

std::string line_of(const Row& cells, const std::vector<Column>& columns,
                    const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - width_of(cells[i]), ' ');
    if (i > 0) line += "  ";
    line += columns[i].align == Column::Align::left ? cells[i] + padding : padding + cells[i];
  }
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string render(const Table& table) {
  std::vector<Row> lines;
  Row headers;
  for (const Column& column : table.columns) headers.push_back(column.header);
  if (std::ranges::any_of(headers, [](const std::string& h) { return !h.empty(); }))
    lines.push_back(headers);
  for (const Row& row : table.rows) {
    ARK_CHECK(row.size() == table.columns.size());
    lines.push_back(printable(row));
  }

  std::vector<std::size_t> widths(table.columns.size(), 0);
  for (const Row& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width_of(line[i]));

  std::string text;
  for (const Row& line : lines) text += table.indent + line_of(line, table.columns, widths) + '\n';
  return text;
}

}  // namespace arrakis::ctl
