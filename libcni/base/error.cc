#include "libcni/base/error.h"

#include <cstring>

namespace podwire {

std::unexpected<Error> fail_errno(Code code, std::string_view what, int error_number) {
  return fail(code, std::string(what) + ": " + ::strerror(error_number));
}

}  // namespace podwire
