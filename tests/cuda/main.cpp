// Runs every TEST and prints a line for each; with a name, that test alone. Exit code 1 when one fails.
#include <cstdio>
#include <cstring>

#include "check.h"

int main(int argc, char** argv) {
  int ran = 0, failures = 0;
  for (const check::Test& t : check::tests()) {
    if (argc > 1 && std::strcmp(argv[1], t.name) != 0) continue;
    ++ran;
    std::string why;
    try {
      t.run();
    } catch (const check::Failed& f) {
      why = f.what;
    } catch (const std::exception& e) {
      why = e.what();
    }
    failures += !why.empty();
    std::printf("%s %s%s%s\n", why.empty() ? "ok  " : "FAIL", t.name, why.empty() ? "" : ": ", why.c_str());
  }
  return ran == 0 || failures > 0;
}
