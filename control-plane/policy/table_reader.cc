#include "control-plane/policy/table_reader.h"

#include <sstream>

#include "control-plane/model/quote.h"
#include "control-plane/policy/suggest.h"

namespace arrakis::control {
namespace {

std::string kind_of(const toml::node& node) {
  std::ostringstream out;
  out << node.type();
  return out.str();
}

}  // namespace

void Complaint::at(const toml::source_region& where, std::string message, std::string remedy) {
  if (first_) return;
  std::ostringstream out;
  out << file_ << ':' << where.begin.line << ':' << where.begin.column << ": " << message;
  first_ = Error{Error::Code::usage, out.str(), std::move(remedy)};
}

const toml::node* TableReader::node(std::string_view key) {
  known_.push_back(key);
  return table_.get(key);
}

void TableReader::complain(const toml::node& node, std::string_view key, std::string_view wanted) {
  complaint_.at(node.source(), std::string{key} + " in " + name_ + " must be " +
                                   std::string{wanted} + ", not " + kind_of(node));
}

std::optional<std::string> TableReader::scalar_text(const toml::node& node, std::string_view key) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return std::to_string(integer->get());
  complain(node, key, "text");
  return std::nullopt;
}

std::string TableReader::text(std::string_view key, std::string otherwise) {
  return value<std::string>(key, std::move(otherwise), [](std::string_view written) {
    return Outcome<std::string>{std::string{written}};
  });
}

std::vector<std::string> TableReader::texts(std::string_view key,
                                            std::vector<std::string> otherwise) {
  if (table_.get(key) == nullptr) {
    known_.push_back(key);
    return otherwise;
  }
  return values<std::string>(
      key, [](std::string_view written) { return Outcome<std::string>{std::string{written}}; });
}

bool TableReader::flag(std::string_view key, bool otherwise) {
  const toml::node* found = node(key);
  if (found == nullptr) return otherwise;
  if (const auto* boolean = found->as_boolean()) return boolean->get();
  complain(*found, key, "true or false");
  return otherwise;
}

std::uint16_t TableReader::number(std::string_view key, std::uint16_t least, std::uint16_t most,
                                  std::uint16_t otherwise) {
  const toml::node* found = node(key);
  if (found == nullptr) return otherwise;
  const auto* integer = found->as_integer();
  if (integer == nullptr) {
    complain(*found, key, "a whole number");
    return otherwise;
  }
  if (integer->get() >= least && integer->get() <= most)
    return static_cast<std::uint16_t>(integer->get());
  complaint_.at(found->source(), std::string{key} + " in " + name_ + " must lie in " +
                                     std::to_string(least) + " to " + std::to_string(most));
  return otherwise;
}

void TableReader::require(bool holds, std::string_view key, std::string message,
                          std::string remedy) {
  if (holds) return;
  const toml::node* found = table_.get(key);
  complaint_.at(found == nullptr ? table_.source() : found->source(), std::move(message),
                std::move(remedy));
}

void TableReader::refuse_unknown_keys() {
  for (const auto& [key, unused] : table_) {
    bool is_known = false;
    for (const std::string_view known : known_) is_known = is_known || known == key.str();
    if (is_known) continue;
    complaint_.at(key.source(), "unknown key " + quote(key.str()) + " in " + name_,
                  suggestion(key.str(), known_));
    return;
  }
}

}  // namespace arrakis::control
