// assign_options.h: the options that describe a VNIC, shared by assign-vf and run.
//
// Lifetime: CLI::App writes into the object, so it stays where it is until parsing has ended.
// Errors:   usage, in the words of the model.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "control-plane/arrakisctl/result.h"
#include "control-plane/model/request.h"

namespace arrakis::ctl {

class AssignOptions {
 public:
  explicit AssignOptions(CLI::App& cli);
  AssignOptions(const AssignOptions&) = delete;

  const std::string& app() const { return app_; }
  // Whether more was said than the application's name.
  bool describes() const;
  Result<control::AssignRequest> request() const;

 private:
  std::string app_, provider_, rate_, device_, wire_, mac_;
  std::vector<std::string> addresses_, filters_;
  std::uint16_t mtu_bytes_ = 0, queues_ = 0;
  bool force_ = false;
};

}  // namespace arrakis::ctl
