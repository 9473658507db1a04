#include "control-plane/arrakisctl/admin.h"

#include "control-plane/protocol/convert.h"

namespace arrakis::ctl {

Result<Admin> Admin::of(Connection& connection) {
  const auto answer = connection.call(connection.daemon().adminRequest());
  if (!answer) return std::unexpected(answer.error());
  auto admin = control::unwrap(answer->getOutcome());
  if (!admin) return std::unexpected(std::move(admin).error());
  return Admin{connection, *std::move(admin)};
}

template <class Request>
Result<VfRecord> Admin::change(Request request, DryRun dry_run) {
  request.setDryRun(dry_run == DryRun::yes);
  const auto answer = connection_.call(kj::mv(request));
  if (!answer) return std::unexpected(answer.error());
  const auto record = control::unwrap(answer->getOutcome());
  if (!record) return std::unexpected(record.error());
  return record_of(*record);
}

Result<VfRecord> Admin::assign(const control::AssignRequest& asked, DryRun dry_run) {
  auto request = admin_.assignRequest();
  control::to_protocol(asked, request.initRequest());
  return change(kj::mv(request), dry_run);
}

Result<VfRecord> Admin::release(const std::string& vf, DryRun dry_run) {
  auto request = admin_.releaseRequest();
  request.setVf(vf.c_str());
  return change(kj::mv(request), dry_run);
}

Result<VfRecord> Admin::set_rate(const std::string& vf, control::Rate rate, DryRun dry_run) {
  auto request = admin_.setRateRequest();
  request.setVf(vf.c_str());
  control::to_protocol(rate, request.initRate());
  return change(kj::mv(request), dry_run);
}

Result<VfRecord> Admin::add_filter(const std::string& vf, const control::Filter& filter,
                                   DryRun dry_run) {
  auto request = admin_.addFilterRequest();
  request.setVf(vf.c_str());
  control::to_protocol(filter, request.initFilter());
  return change(kj::mv(request), dry_run);
}

Result<std::vector<VfRecord>> Admin::list_vfs() {
  const auto answer = connection_.call(admin_.listVfsRequest());
  if (!answer) return std::unexpected(answer.error());
  std::vector<VfRecord> vfs;
  for (const auto vf : answer->getVfs()) {
    auto record = record_of(vf);
    if (!record) return std::unexpected(std::move(record).error());
    vfs.push_back(*std::move(record));
  }
  return vfs;
}

Result<std::vector<AppRecord>> Admin::list_apps() {
  const auto answer = connection_.call(admin_.listAppsRequest());
  if (!answer) return std::unexpected(answer.error());
  std::vector<AppRecord> apps;
  for (const auto app : answer->getApps()) apps.push_back(record_of(app));
  return apps;
}

Result<Status> Admin::status() {
  const auto answer = connection_.call(admin_.statusRequest());
  if (!answer) return std::unexpected(answer.error());
  return record_of(answer->getStatus());
}

Result<std::vector<Finding>> Admin::doctor() {
  const auto answer = connection_.call(admin_.doctorRequest());
  if (!answer) return std::unexpected(answer.error());
  std::vector<Finding> findings;
  for (const auto finding : answer->getFindings()) findings.push_back(record_of(finding));
  return findings;
}

}  // namespace arrakis::ctl
