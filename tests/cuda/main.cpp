// Runs every TEST and prints a line for each; with a name, that test alone. Exit code 1 when one fails. Through the
// shim each runs three times: threads in ascending order, descending, and in a permutation.
#include <cstdio>
#include <cstring>

#include "check.h"

static std::string outcome(const check::Test& t) {
  try {
    t.run();
  } catch (const check::Failed& f) {
    return f.what;
  } catch (const std::exception& e) {
    return e.what();
  }
  return "";
}

int main(int argc, char** argv) {
  int ran = 0, failures = 0;
  for (const check::Test& t : check::tests()) {
    if (argc > 1 && std::strcmp(argv[1], t.name) != 0) continue;
    ++ran;
    std::string why;
#ifdef DL_CUDA_SHIM
    for (const unsigned seed : {2, 1, 0}) {
      dl::shim::set_schedule_seed(seed);
      if (why.empty()) why = outcome(t);
    }
#else
    why = outcome(t);
#endif
    failures += !why.empty();
    std::printf("%s %s%s%s\n", why.empty() ? "ok  " : "FAIL", t.name, why.empty() ? "" : ": ", why.c_str());
  }
  return ran == 0 || failures > 0;
}
