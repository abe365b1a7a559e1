// Completion as the shells themselves carry it out.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "libcni/runtime/temporary_directory.h"
#include "shim/command.h"
#include "shim/completion.h"

namespace podwire::shim {
namespace {

using Words = std::vector<std::string>;
/// What is offered for each line; a line ends where the cursor stands.
using Offers = std::map<std::string, Words>;

constexpr std::string_view kEnd = "--end--";

/// Stands for podwire itself: two pods.
constexpr std::string_view kStub = "podwire() { [ \"$*\" = 'pod ls --quiet' ] && printf 'db\\nweb\\n'; }\n";

/// Goes through the lines: bash calls the function that `complete -F` names, with COMP_WORDS as its
/// command line editor would break them.
constexpr std::string_view kBashDriver = R"bash(
while IFS= read -r line; do
  read -ra COMP_WORDS <<<"$(sed 's/[=:]/ & /g' <<<"$line")"
  [[ $line != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _podwire
  ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}" | sort
  echo --end--
done <lines
)bash";

/// Goes through the lines: an interactive zsh on a terminal of its own, with its completion system, whose
/// compadd tells what it is given.
constexpr std::string_view kZshDriver = R"zsh(
zmodload zsh/zpty
zpty shell 'ZDOTDIR=$PWD TERM=dumb zsh -d -i'
zpty -r shell _ '*READY*'
while IFS= read -r line; do
  zpty -w -n shell "$line"$'\t'
  zpty -r shell _ '*DONE*'
done <lines
zpty -d shell
cat offers
)zsh";

constexpr std::string_view kZshStart = R"zsh(
fpath=($PWD/functions $fpath)
autoload -Uz compinit && compinit -D -u
[[ ! -e script ]] || source ./script
zstyle ':completion:*' list-grouped no
compadd() {
  local -a shown names hits
  # A call that only fills arrays of its caller.
  if ((${argv[(I)-[OAD]]})); then builtin compadd "$@"; return; fi
  zparseopts -E -a ignored d:=names
  [[ -n $names[2] ]] && shown=("${(@P)names[2]}")
  builtin compadd -A hits -D shown "$@"
  local i
  for ((i = 1; i <= $#hits; i++)); do
    # The display of a match with a description is "match   -- description".
    if [[ $shown[i] == *' -- '* ]]; then print -r -- "$hits[i]  -- ${shown[i]#* -- }"; else print -r -- $hits[i]; fi
  done >>unsorted
  builtin compadd "$@"
}
capture() {
  : >unsorted
  _main_complete
  { sort -u unsorted; print -- --end-- } >>offers
  compstate[insert]= compstate[list]=
  print -n -- DO''NE
}
zle -C capture complete-word capture
bindkey '^I' capture-and-clear
capture-and-clear() { zle capture; BUFFER=; CURSOR=0 }
zle -N capture-and-clear
print -n -- REA''DY
)zsh";

bool offers_word(const Offers& offers, const std::string& line, const std::string& word) {
  return std::ranges::find(offers.at(line), word) != offers.at(line).end();
}

class CompletionTest : public ::testing::Test {
 protected:
  CompletionTest() {
    app_.name("podwire");
    build_command_line(app_, selected_);
    tree_ = describe_command_line(app_);
    folder_.write("net.conflist", "");
    folder_.write("note.txt", "");
    std::filesystem::create_directory(folder_.path() / "nets");
  }

  /// Runs the driver in the folder; its stdout holds the offers for each line, each ended by kEnd.
  Offers complete(const std::string& shell, const Words& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    folder_.write("lines", text);
    const std::string command = "cd '" + folder_.path().string() + "' && LC_ALL=C timeout 60 " + shell +
                                " ./driver >out 2>err </dev/null";
    if (std::system(command.c_str()) != 0) {  // NOLINT(cert-env33-c): a shell is what is tested
      ADD_FAILURE() << read("err") << read("out");
    }
    std::istringstream out(read("out"));
    Offers offers;
    for (const std::string& line : lines) {
      Words& words = offers[line];
      std::string word;
      while (std::getline(out, word) && word != kEnd) words.push_back(word);
    }
    return offers;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(folder_.path() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Action selected_;
  CLI::App app_;
  CommandTree tree_;
  runtime::TemporaryDirectory folder_;
};

TEST_F(CompletionTest, Bash) {
  folder_.write("driver", bash_completion(tree_) + std::string(kStub) + std::string(kBashDriver));
  const Words lines{"podwire ",
                    "podwire pod s",
                    "podwire --x pod s",
                    "podwire pod add --ne",
                    "podwire pod add --net n",
                    "podwire pod add --net=n",
                    "podwire pod add web --port 8080:80 --conf-dir n",
                    "podwire pod add ",
                    "podwire pod show ",
                    "podwire pod rm db ",
                    "podwire pod exec --run-dir /x w",
                    "podwire pod exec web -- mkdi",
                    "podwire pod exec web -- cat no",
                    "podwire pod exec web -- podwire pod s",
                    "podwire completion ",
                    "podwire fly "};
  const Offers offers = complete("bash -u", lines);
  EXPECT_EQ(offers.at("podwire pod s"), Words{"show"});
  EXPECT_EQ(offers.at("podwire --x pod s"), Words{"show"});
  EXPECT_EQ(offers.at("podwire pod add --ne"), Words{"--net"});
  EXPECT_EQ(offers.at("podwire pod add --net n"), (Words{"net.conflist", "nets"}));
  EXPECT_EQ(offers.at("podwire pod add --net=n"), (Words{"net.conflist", "nets"}));
  EXPECT_EQ(offers.at("podwire pod add web --port 8080:80 --conf-dir n"), Words{"nets"});
  EXPECT_EQ(offers.at("podwire pod add "), Words{});
  EXPECT_EQ(offers.at("podwire pod show "), (Words{"db", "web"}));
  EXPECT_EQ(offers.at("podwire pod rm db "), Words{"web"});
  EXPECT_EQ(offers.at("podwire pod exec --run-dir /x w"), Words{"web"});
  EXPECT_TRUE(offers_word(offers, "podwire pod exec web -- mkdi", "mkdir"));
  EXPECT_EQ(offers.at("podwire pod exec web -- cat no"), Words{"note.txt"});
  EXPECT_EQ(offers.at("podwire completion "), (Words{"bash", "zsh"}));
  Words top;
  for (const CommandTree& command : tree_.subcommands) top.push_back(command.name());
  std::ranges::sort(top);
  EXPECT_EQ(offers.at("podwire "), top);
}

TEST_F(CompletionTest, Zsh) {
  folder_.write("script", zsh_completion(tree_));
  folder_.write(".zshrc", std::string(kStub) + std::string(kZshStart));
  folder_.write("driver", kZshDriver);
  const Words lines{"podwire ",
                    "podwire pod s",
                    "podwire pod add --ne",
                    "podwire pod add --net n",
                    "podwire pod add --net=n",
                    "podwire pod add web --port 8080:80 --conf-dir n",
                    "podwire pod add ",
                    "podwire pod show ",
                    "podwire pod rm db ",
                    "podwire pod exec --run-dir /x w",
                    "podwire pod exec web -- mkdi",
                    "podwire pod exec web -- cat no",
                    "podwire pod exec web -- podwire pod s",
                    "podwire pod ls -",
                    "podwire pod ls --json -",
                    "podwire completion ",
                    "podwire fly "};
  const Offers offers = complete("zsh -f", lines);
  EXPECT_EQ(offers.at("podwire pod s"), Words{"show  -- Show everything about one pod"});
  EXPECT_EQ(offers.at("podwire pod add --ne"),
            Words{"--net  -- Network list: a file, or a network's name; may be repeated"});
  EXPECT_EQ(offers.at("podwire pod add --net n"), (Words{"net.conflist", "nets"}));
  EXPECT_EQ(offers.at("podwire pod add --net=n"), (Words{"net.conflist", "nets"}));
  EXPECT_EQ(offers.at("podwire pod add web --port 8080:80 --conf-dir n"), Words{"nets"});
  EXPECT_EQ(offers.at("podwire pod add "), Words{});
  EXPECT_EQ(offers.at("podwire pod show "), (Words{"db", "web"}));
  EXPECT_EQ(offers.at("podwire pod rm db "), Words{"web"});
  EXPECT_EQ(offers.at("podwire pod exec --run-dir /x w"), Words{"web"});
  EXPECT_TRUE(offers_word(offers, "podwire pod exec web -- mkdi", "mkdir"));
  EXPECT_EQ(offers.at("podwire pod exec web -- cat no"), Words{"note.txt"});
  EXPECT_EQ(offers.at("podwire pod exec web -- podwire pod s"),
            Words{"show  -- Show everything about one pod"});
  EXPECT_TRUE(offers_word(offers, "podwire pod ls -", "--quiet  -- Print names only"));
  EXPECT_FALSE(offers_word(offers, "podwire pod ls --json -", "--quiet  -- Print names only"));
  EXPECT_EQ(offers.at("podwire completion "), (Words{"bash", "zsh"}));
  EXPECT_EQ(offers.at("podwire fly "), Words{});
}

TEST_F(CompletionTest, ZshFindsTheScriptAmongItsFunctions) {
  folder_.write("functions/_podwire", zsh_completion(tree_));
  folder_.write(".zshrc", std::string(kStub) + std::string(kZshStart));
  folder_.write("driver", kZshDriver);
  // The first completion loads the file, the second finds the function loaded.
  const Offers offers = complete("zsh -f", {"podwire pod show w", "podwire pod show d"});
  EXPECT_EQ(offers.at("podwire pod show w"), Words{"web"});
  EXPECT_EQ(offers.at("podwire pod show d"), Words{"db"});
}

// Every command and option, and no quoting that an apostrophe or a bracket in a description could break.
TEST_F(CompletionTest, ScriptsKnowTheWholeTree) {
  const std::string bash = bash_completion(tree_);
  const std::string zsh = zsh_completion(tree_);
  for (const CommandTree* command : all_commands(tree_)) {
    EXPECT_TRUE(bash.contains("'" + command->path + "')")) << command->path;
    for (const Argument& option : command->options) {
      for (const std::string& name : option.names) {
        EXPECT_TRUE(bash.contains(name)) << name;
        EXPECT_TRUE(zsh.contains(name)) << name;
      }
    }
  }
  folder_.write("script", zsh);
  const std::string check = "zsh -n " + (folder_.path() / "script").string();
  EXPECT_EQ(std::system(check.c_str()), 0);  // NOLINT(cert-env33-c): a shell is what is tested
}

}  // namespace
}  // namespace podwire::shim
