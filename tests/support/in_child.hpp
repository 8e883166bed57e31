#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <functional>
#include <string>

namespace testing {

/// A process that was forked from this one and runs `work`.
class child {
public:
    explicit child(const std::function<std::string()>& work) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        id_ = ::fork();
        REQUIRE(id_ >= 0);
        if (id_ == 0) run(work, ends[1]);
        ::close(ends[1]);
        answer_ = ends[0];
    }
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    ~child() {
        kill();
        ::close(answer_);
    }

    /// What `work` returned, or how else it ended: "hangs" if it did not within a minute.
    std::string answer() {
        std::string text;
        char part[4096];
        for (ssize_t size = 0; (size = ::read(answer_, part, sizeof part)) > 0;)
            text.append(part, static_cast<std::size_t>(size));
        const int status = wait();
        if (!WIFSIGNALED(status)) return text;
        return WTERMSIG(status) == SIGALRM ? "hangs" : "was ended by signal " + std::to_string(WTERMSIG(status));
    }

    /// Ends it wherever it is.
    void kill() {
        if (id_ == 0) return;
        ::kill(id_, SIGKILL);
        wait();
    }

private:
    [[noreturn]] static void run(const std::function<std::string()>& work, int answer) {
        std::signal(SIGALRM, SIG_DFL);
        ::alarm(60);
        std::string text;
        try {
            text = work();
        } catch (const std::exception& fault) {
            text = std::string("threw ") + fault.what();
        }
        static_cast<void>(!::write(answer, text.data(), text.size()));
        ::_exit(0);
    }

    int wait() {
        int status = 0;
        if (id_ != 0) CHECK(::waitpid(id_, &status, 0) == id_);
        id_ = 0;
        return status;
    }

    pid_t id_ = 0;
    int answer_ = -1;
};

/// Forks, runs `work` in the child, and returns its answer.
inline std::string in_child(const std::function<std::string()>& work) {
    return child(work).answer();
}

}  // namespace testing
