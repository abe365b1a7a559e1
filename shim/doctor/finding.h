// What the doctor says: findings, and the list that checks write them into.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace podwire::doctor {

enum class Severity : std::uint8_t {
  kOk,
  kSkipped,  ///< could not be checked, and why
  kWarning,  ///< will hurt under circumstances, or wastes something
  kProblem,  ///< keeps pods from being made, or their traffic from flowing
};

struct Finding {
  Severity severity = Severity::kOk;
  std::string check;                  ///< name in the table of checks, stable: scripts may look for it
  std::string message;                ///< names the object and what is wrong with it
  std::vector<std::string> commands;  ///< the fix, for a shell run by root, in this order
  std::string advice;                 ///< the fix where no command can be given: an edit, a decision

  Finding& run(std::string command) {
    commands.push_back(std::move(command));
    return *this;
  }
  Finding& advise(std::string text) {
    advice = std::move(text);
    return *this;
  }
};

class Findings {
 public:
  /// Findings added from now on are this check's.
  void begin(std::string_view check) { check_ = check; }

  Finding& ok(std::string message) { return add(Severity::kOk, std::move(message)); }
  Finding& skipped(std::string message) { return add(Severity::kSkipped, std::move(message)); }
  Finding& warning(std::string message) { return add(Severity::kWarning, std::move(message)); }
  Finding& problem(std::string message) { return add(Severity::kProblem, std::move(message)); }
  Finding& add(Severity severity, std::string message) {
    return all_.emplace_back(Finding{.severity = severity, .check = check_, .message = std::move(message)});
  }

  [[nodiscard]] const std::vector<Finding>& all() const { return all_; }
  void drop(const std::function<bool(const Finding&)>& is_unwanted) { std::erase_if(all_, is_unwanted); }
  /// Whether the check that is at work has said anything yet.
  [[nodiscard]] bool has_spoken() const { return !all_.empty() && all_.back().check == check_; }

 private:
  std::string check_;
  std::vector<Finding> all_;
};

}  // namespace podwire::doctor
