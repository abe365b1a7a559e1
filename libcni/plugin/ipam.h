// Delegation to the IPAM plugin that the configuration names (SPEC section 4; checklist DLG).
#pragma once

#include "libcni/base/error.h"
#include "libcni/plugin/plugin.h"
#include "libcni/spec/result.h"

namespace podwire::plugin {

/// The IPAM plugin of one call. A plugin of `call.builtin` is called in-process when its name resolves
/// through CNI_PATH to the file beside our own executable; every other plugin is executed with our
/// environment and our standard input, byte for byte. Errors of the delegate keep their code and message
/// (ERR-6).
class Ipam {
 public:
  explicit Ipam(const Call& call) : call_(call) {}

  /// False when the configuration has no ipam.type: an L2 attachment. Then every verb below is nothing,
  /// successfully.
  [[nodiscard]] bool present() const { return !call_.invocation.conf.ipam_type.empty(); }

  /// At least one address, or an error: `IPAM plugin returned missing IP config` (DLG-8). When the delegate
  /// fails it is run again with DEL (DLG-7), whose own failure goes into the details.
  [[nodiscard]] Result<spec::AddResult> add();
  [[nodiscard]] Result<void> del();
  [[nodiscard]] Result<void> check();
  [[nodiscard]] Result<void> gc();
  [[nodiscard]] Result<void> status();

 private:
  using VerbFunction = Result<void> (*Plugin::*)(const Call&);
  [[nodiscard]] Result<void> delegate(spec::Verb verb, VerbFunction function);

  const Call& call_;
};

}  // namespace podwire::plugin
