#include "control-plane/arrakisctl/change.h"

#include "control-plane/arrakisctl/json.h"
#include "control-plane/arrakisctl/output.h"
#include "control-plane/arrakisctl/present.h"
#include "control-plane/model/quote.h"

namespace arrakis::ctl {

int DryRunOption::print(const Context& context, const VfRecord& vf, std::string_view done) const {
  if (context.json) {
    Json json = document("Vf", to_json(vf));
    json["dryRun"] = asked_;
    ctl::print(render(json));
  } else {
    ctl::print((asked_ ? std::string{"plan (nothing changed)"} : control::one_line(done)) + '\n' +
               render(description_of(vf)));
  }
  return 0;
}

}  // namespace arrakis::ctl
