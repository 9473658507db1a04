// progress.h: how far a measurement has come, for people. Silent unless stderr is a terminal.
#pragma once

#include <string>
#include <string_view>

namespace arrakis::bench {

class Progress {
 public:
  Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // clears the line

  // REQUIRES: 0 <= fraction <= 1.
  void show(double fraction, std::string_view what);

 private:
  bool terminal_;
};

// "[#####.....]  50 %  what"
std::string progress_bar(double fraction, std::string_view what);

}  // namespace arrakis::bench
