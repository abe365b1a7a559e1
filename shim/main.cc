// podwire: the runtime shim and the user's tool. Parses the command line, does what was selected, reports.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "shim/command.h"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

/// Descriptors we open must not land on closed standard streams, where a child would take them for its own.
bool standard_streams_open() {
  int fd = -1;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

int run(int argc, char** argv) {
  podwire::shim::Action selected;
  CLI::App app;
  app.name("podwire");
  podwire::shim::build_command_line(app, selected);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  const podwire::Result<int> status = selected();
  if (status) return *status;
  fmt::print(stderr, "{}\n", podwire::shim::error_text(status.error()));
  return kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  if (!standard_streams_open()) return kFailed;
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return kFailed;
  }
}
