// bank status, and --follow on a terminal: a pseudo-terminal whose other end is the test.

#include "bank/bank_program.hpp"
#include "bank/program/terminal.hpp"
#include "bank/program/upkeep.hpp"

#include <poll.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

using namespace std::chrono_literals;

namespace {

/// Whether this machine has pseudo-terminals; a minimal container may not.
bool makes_terminals() {
    int ends[2] = {-1, -1};
    const bool made = ::openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) == 0;
    for (const int end : ends)
        if (end >= 0) ::close(end);
    if (!made) MESSAGE("skipped: there are no pseudo-terminals here (/dev/pts is not mounted)");
    return made;
}

/// The program, running in a terminal of its own.
class program_in_terminal {
public:
    explicit program_in_terminal(const std::vector<std::string>& arguments) {
        const winsize size{.ws_row = 24, .ws_col = 132, .ws_xpixel = 0, .ws_ypixel = 0};
        std::fflush(stdout);
        process_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
        REQUIRE(process_ >= 0);
        if (process_ > 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int code = bank::run_bank(arguments, stdout, stderr);
        std::fflush(stdout);
        ::_exit(code);
    }
    program_in_terminal(const program_in_terminal&) = delete;
    program_in_terminal& operator=(const program_in_terminal&) = delete;
    ~program_in_terminal() {
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            ::waitpid(process_, nullptr, 0);
        }
        ::close(terminal_);
    }

    /// Waits until the screen has this many lines with the text; returns whether that happened in time.
    bool shows(std::ptrdiff_t lines, const std::string& text) {
        const auto until = std::chrono::steady_clock::now() + 60s;
        while (count(screen(), text) != lines)
            if (std::chrono::steady_clock::now() > until || !read_some()) return false;
        return true;
    }

    void press(char key) const { REQUIRE(::write(terminal_, &key, 1) == 1); }

    /// Waits until it ends and returns its exit code; -1 if it had to be killed.
    int exit_code() {
        const auto until = std::chrono::steady_clock::now() + 60s;
        while (read_some())
            if (std::chrono::steady_clock::now() > until) ::kill(process_, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(std::exchange(process_, 0), &status, 0) > 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    [[nodiscard]] const std::string& written() const { return written_; }

    /// Everything after the last "move up and erase below".
    [[nodiscard]] std::string screen() const {
        const auto erased = written_.rfind("\x1b[J");
        return erased == std::string::npos ? written_ : written_.substr(erased + 3);
    }

private:
    static std::ptrdiff_t count(const std::string& in, const std::string& text) {
        std::ptrdiff_t found = 0;
        for (auto at = in.find(text); at != std::string::npos; at = in.find(text, at + text.size())) ++found;
        return found;
    }

    // Returns false when nothing more can come.
    bool read_some() {
        pollfd ready{.fd = terminal_, .events = POLLIN, .revents = 0};
        if (::poll(&ready, 1, 1000) == 0) return true;
        char bytes[4096];
        const auto size = ::read(terminal_, bytes, sizeof bytes);
        if (size > 0) written_.append(bytes, static_cast<std::size_t>(size));
        return size > 0;
    }

    int terminal_ = -1;
    pid_t process_ = 0;
    std::string written_;
};

}  // namespace

TEST_CASE("status --follow updates in place until Ctrl-C, while other programs ask and order") {
    if (!makes_terminals()) return;
    const imported_bank bank;
    program_in_terminal status({"status", "--follow", "--data", bank.data});
    REQUIRE_MESSAGE(status.shows(5, "live    7   7 "), status.written());

    const auto transfer = bank_program({"transfer", "8", "7", "1", "--id", "T1", "--data", bank.data});
    CHECK(transfer.exit_code == 0);
    const auto balance = bank_program({"balance", "8", "--data", bank.data});
    CHECK_MESSAGE(balance.out.starts_with("account 8: 503.60 "), balance.err);
    const auto largest = bank_program({"largest", "--data", bank.data});
    CHECK_MESSAGE(largest.out == "  8   503.60\n  7  -764.50\n", largest.err);
    CHECK_MESSAGE(status.shows(0, "live    7   7 "), status.written());
    CHECK_MESSAGE(status.shows(5, "live "), status.written());

    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"status"}, std::vector<std::string>{"rebuild", "balances"}}) {
        auto arguments = command;
        arguments.insert(arguments.end(), {"--data", bank.data});
        const auto refused = bank_program(arguments);
        CHECK(refused.exit_code == 1);
        CHECK(refused.out.empty());
        CHECK(refused.err == "bank: another bank program is updating the read models in " + bank.data +
                                 "/bank/read: wait until it ends, or stop it (\"bank status --follow\" ends with "
                                 "Ctrl-C)\n");
    }

    status.press('\x03');
    CHECK(status.exit_code() == 0);
    CHECK(contains(status.written(), "\x1b[6A\x1b[J"));
    CHECK(bank_program({"status", "--data", bank.data}).exit_code == 0);
}

TEST_CASE("status in a terminal ends when there is nothing left to do") {
    if (!makes_terminals()) return;
    const imported_bank bank;
    program_in_terminal status({"status", "--data", bank.data});
    CHECK(status.exit_code() == 0);
    CHECK_MESSAGE(status.shows(5, "live    7   7 "), status.written());
}

TEST_CASE("the table of the read models shows the state and the error of each") {
    stele::projection_status behind;
    behind.name = "balances";
    behind.state = stele::projection_state::catching_up;
    behind.checkpoint = {1'200};
    behind.head = {34'532};
    behind.lag_events = 33'332;
    behind.events_per_s = 1'000.4;
    behind.eta = 34s;
    behind.applied = 1'100;
    behind.ignored = 98;
    behind.dead_lettered = 2;
    auto rebuilt = behind;
    rebuilt.name = "overdrawn";
    rebuilt.state = stele::projection_state::rebuilding;
    rebuilt.eta = 200s;
    rebuilt.rebuild = stele::rebuild_progress{.reached = {41}, .target = {100}, .events_per_s = 10, .eta = 6s};
    auto faulted = behind;
    faulted.name = "statement";
    faulted.state = stele::projection_state::faulted;
    faulted.eta.reset();
    faulted.last_error = "the disk is full";
    CHECK(bank::status_table({behind, rebuilt, faulted}, {}) ==
          "  read model  state           at      of  behind  events/s   left  dead letters  applied  ignored\n"
          "  balances    catching up  1 200  34 532  33 332     1 000   34 s             2    1 100       98\n"
          "  overdrawn   rebuilding   1 200  34 532  33 332     1 000  4 min             2    1 100       98\n"
          "  statement   faulted      1 200  34 532  33 332     1 000                    2    1 100       98\n"
          "  overdrawn: the new generation is at 41 of 100, 10 events/s, 6 s left\n"
          "  statement: the disk is full\n");
}

TEST_CASE("terminal_rows counts the rows that a text takes") {
    CHECK(bank::terminal_rows("", 10) == 0);
    CHECK(bank::terminal_rows("\n", 10) == 1);
    CHECK(bank::terminal_rows("0123456789\n", 10) == 1);
    CHECK(bank::terminal_rows("0123456789a\nb\n", 10) == 3);
    CHECK(bank::terminal_rows("\x1b[31m0123456789\x1b[0m\n", 10) == 1);
    CHECK(bank::terminal_rows("░░░░░░░░░░\n", 10) == 1);
}
