// Words of a POSIX shell command line. Names of links, namespaces and folders may hold anything: what is
// shown to be run by root has to be quoted.
#pragma once

#include <string>
#include <string_view>

namespace podwire::plan {

/// The text as one word: as it is when no shell reads anything into it, else in single quotes.
[[nodiscard]] std::string shell_word(std::string_view text);

/// The text as the one argument, a format, with which printf(1) prints exactly these bytes; quoted.
[[nodiscard]] std::string printf_word(std::string_view bytes);

}  // namespace podwire::plan
