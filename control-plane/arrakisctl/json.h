// json.h: records for programs. Keys are part of the interface: they are added, never renamed.
//
// Every document is {"apiVersion": "v1", "kind": ...}: a list has "items", one thing its own keys.
// Pure. What is not UTF-8 becomes U+FFFD.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "control-plane/arrakisctl/records.h"

namespace arrakis::ctl {

using Json = nlohmann::ordered_json;

Json to_json(const VfRecord& vf);
Json to_json(const AppRecord& app);
Json to_json(const Status& status);
Json to_json(const Finding& finding);
Json to_json(const control::Filter& filter);

// {"apiVersion": "v1", "kind": kind, ...thing}
Json document(std::string_view kind, const Json& thing);
// {"apiVersion": "v1", "kind": kind + "List", "items": [...]}
Json list_document(std::string_view kind, Json items);

template <class T>
Json items_of(const T& records) {
  Json items = Json::array();
  for (const auto& record : records) items.push_back(to_json(record));
  return items;
}

std::string render(const Json& json);  // indented by two, with a newline at the end

}  // namespace arrakis::ctl
