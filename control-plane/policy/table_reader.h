// table_reader.h: one TOML table, read strictly.
//
// Every key is asked for by name; what was never asked for is an unknown key. The first complaint
// is kept, with its place in the file; readers after it answer defaults, so that code that reads
// a table is a straight line without a branch an error.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace arrakis::control {

class Complaint {
 public:
  explicit Complaint(std::string_view file) : file_{file} {}

  void at(const toml::source_region& where, std::string message, std::string remedy = "");
  const std::optional<Error>& first() const { return first_; }

 private:
  std::string file_;
  std::optional<Error> first_;
};

class TableReader {
 public:
  // `name` is what messages call it: "[pool.default]".
  TableReader(const toml::table& table, std::string name, Complaint& complaint)
      : table_{table}, name_{std::move(name)}, complaint_{complaint} {}

  std::string text(std::string_view key, std::string otherwise);
  bool flag(std::string_view key, bool otherwise);
  std::uint16_t number(std::string_view key, std::uint16_t least, std::uint16_t most,
                       std::uint16_t otherwise);
  // Text and integers alike, as text: users are names or uids.
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> otherwise = {});

  // `parse` makes a T of each text; its complaint becomes ours, with the place.
  template <class T>
  T value(std::string_view key, T otherwise,
          const std::function<Outcome<T>(std::string_view)>& parse);
  template <class T>
  std::vector<T> values(std::string_view key,
                        const std::function<Outcome<T>(std::string_view)>& parse);

  // A thing that must be so, said at the key.
  void require(bool holds, std::string_view key, std::string message, std::string remedy = "");
  // After the last key was asked for.
  void refuse_unknown_keys();

  const toml::node* node(std::string_view key);
  std::uint32_t line() const { return table_.source().begin.line; }

 private:
  std::optional<std::string> scalar_text(const toml::node& node, std::string_view key);
  void complain(const toml::node& node, std::string_view key, std::string_view wanted);

  const toml::table& table_;
  std::string name_;
  Complaint& complaint_;
  std::vector<std::string_view> known_;
};

template <class T>
T TableReader::value(std::string_view key, T otherwise,
                     const std::function<Outcome<T>(std::string_view)>& parse) {
  const toml::node* found = node(key);
  if (found == nullptr) return otherwise;
  const std::optional<std::string> written = scalar_text(*found, key);
  if (!written) return otherwise;
  Outcome<T> parsed = parse(*written);
  if (parsed) return *std::move(parsed);
  complaint_.at(found->source(), parsed.error().message, parsed.error().remedy);
  return otherwise;
}

template <class T>
std::vector<T> TableReader::values(std::string_view key,
                                   const std::function<Outcome<T>(std::string_view)>& parse) {
  std::vector<T> all;
  const toml::node* found = node(key);
  if (found == nullptr) return all;
  const toml::array* array = found->as_array();
  if (array == nullptr) {
    complain(*found, key, "a list");
    return all;
  }
  for (const toml::node& element : *array) {
    const std::optional<std::string> written = scalar_text(element, key);
    if (!written) return all;
    Outcome<T> parsed = parse(*written);
    if (!parsed) {
      complaint_.at(element.source(), parsed.error().message, parsed.error().remedy);
      return all;
    }
    all.push_back(*std::move(parsed));
  }
  return all;
}

}  // namespace arrakis::control
