#include "arrakis/polling_thread.h"

#include "extaris/packet/eal.h"

namespace arrakis {

struct PollingThread::Parts {
  extaris::EalThread here;
};

PollingThread::PollingThread() : parts_{std::make_unique<Parts>()} {}
PollingThread::~PollingThread() = default;

}  // namespace arrakis
