// admin.h: what an administrator can ask of arrakisd, as plain calls with plain answers.
//
// Lifetime: borrows the connection.
// Errors:   those of the connection, and arrakisd's own in its own words.
#pragma once

#include <string>
#include <vector>

#include "control-plane/arrakisctl/connection.h"
#include "control-plane/arrakisctl/records.h"
#include "control-plane/arrakisctl/result.h"
#include "control-plane/model/request.h"

namespace arrakis::ctl {

enum class DryRun : bool { no, yes };

class Admin {
 public:
  // Denied: the policy does not let the caller administer.
  static Result<Admin> of(Connection& connection);

  Result<VfRecord> assign(const control::AssignRequest& request, DryRun dry_run);
  Result<VfRecord> release(const std::string& vf, DryRun dry_run);
  Result<VfRecord> set_rate(const std::string& vf, control::Rate rate, DryRun dry_run);
  Result<VfRecord> add_filter(const std::string& vf, const control::Filter& filter, DryRun dry_run);

  Result<std::vector<VfRecord>> list_vfs();
  Result<std::vector<AppRecord>> list_apps();
  Result<Status> status();
  Result<std::vector<Finding>> doctor();

 private:
  Admin(Connection& connection, protocol::Admin::Client admin)
      : connection_{connection}, admin_{kj::mv(admin)} {}

  // The record in the answer to a request that changes something.
  template <class Request>
  Result<VfRecord> change(Request request, DryRun dry_run);

  Connection& connection_;
  protocol::Admin::Client admin_;
};

}  // namespace arrakis::ctl
