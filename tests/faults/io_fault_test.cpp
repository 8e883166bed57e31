// Every disk call of SQLite fails once, in every possible way, at every point of a history.
//
// The caller gets a stele::error with the file and the kind of fault. After a failed write, the store refuses further
// writes with `closed` until it is reopened. Then everything acknowledged is there, nothing is there in part, and an
// unanswered append is there or not, and can be repeated.
//
// To repeat one fault: STELE_FAULT=N, as a failure prints it.

#include "faults/tools/fault_vfs.hpp"
#include "faults/tools/history.hpp"
#include "faults/tools/settings.hpp"
#include "support/merge_events.hpp"
#include "support/temp_dir.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

using stele::error_kind;

namespace {

// A kind of fault, and which errors a caller may get because of it.
struct fault_kind {
    disk_call call;
    int code;
    error_kind expected;
    // Whether every point of the history is tested, or, because there are thousands, only one in n.
    std::uint64_t stride = 1;
};

constexpr fault_kind fault_kinds[] = {
    {disk_call::read, SQLITE_IOERR_READ, error_kind::io},
    {disk_call::write, SQLITE_IOERR_WRITE, error_kind::io},
    {disk_call::write, SQLITE_FULL, error_kind::full},
    {disk_call::sync, SQLITE_IOERR_FSYNC, error_kind::io},
    {disk_call::sync, SQLITE_FULL, error_kind::full},
    {disk_call::truncate, SQLITE_IOERR_TRUNCATE, error_kind::io},
    {disk_call::open, SQLITE_CANTOPEN, error_kind::io},
    {disk_call::open, SQLITE_IOERR_NOMEM, error_kind::io},
    {disk_call::remove, SQLITE_IOERR_DELETE, error_kind::io},
    {disk_call::map, SQLITE_IOERR_SHMMAP, error_kind::io},
    {disk_call::lock, SQLITE_IOERR_LOCK, error_kind::io, 7},
};

class io_faults {
public:
    /// A store that merges its indices after so many events.
    explicit io_faults(std::optional<std::size_t> merge_events = {})
        : options_(with_merges(stele::sqlite_options{.connection = {.vfs = vfs_.name()}}, merge_events)) {}

    // How many calls of each kind the history makes without a fault.
    std::uint64_t calls(disk_call call) {
        if (vfs_.calls(call) == 0) {
            history past{file_, options_, 0, [] { return 0; }};
            for (const auto& each : steps_) past.perform(each);
        }
        return vfs_.calls(call);
    }

    // Performs the history with the fault, and checks all promises. Throws broken.
    void check(const fault_kind& kind, const disk_fault& fault) {
        perform(kind, fault);
        past_->perform({step::kind::close});
        vfs_.heal();
        check_reopened();
    }

    // The same, and then the power fails: the data of a failed sync has not reached the disk and never will, even if
    // later syncs succeed (as on Linux).
    void check_lost(const fault_kind& kind, const disk_fault& fault) {
        vfs_.record();
        perform(kind, fault);
        const auto before_close = vfs_.recorded();
        past_->perform({step::kind::close});
        const auto changes = vfs_.recording();
        vfs_.heal();
        disk_model disk;
        for (const auto& each : std::span(changes).first(before_close)) disk.apply(each);
        check_image(disk.only_safe());
        for (const auto& each : std::span(changes).subspan(before_close)) disk.apply(each);
        check_image(disk.only_safe());
        check_reopened();
    }

private:
    void perform(const fault_kind& kind, const disk_fault& fault) {
        materialise({}, file_);
        past_.emplace(file_, options_, 1, [this] { return vfs_.recorded(); });
        vfs_.fail(fault);
        faulted_ = false;
        for (const auto& each : steps_) {
            if (!past_->is_open() && each.what != step::kind::open) continue;
            if (&each == &steps_.back()) return;  // the caller closes it
            perform(each, kind);
            // A lasting fault would fail every open from now on.
            if (each.what == step::kind::open && !past_->is_open() && fault.lasts == disk_fault::span::once)
                past_->perform(each);
        }
    }

    void check_image(const disk_image& image) {
        materialise(image, file_);
        auto store = stele::sqlite_store::open(file_, options_);
        check_content(read_whole(store), past_->attempts(), {});
    }

    void perform(const step& each, const fault_kind& kind) {
        if (each.what == step::kind::open || each.what == step::kind::close) faulted_ = false;
        try {
            past_->perform(each);
            if (faulted_ && is_write(each.what)) throw broken("the store writes again after a write that failed");
        } catch (const stele::error& fault) {
            check_error(fault, each, kind);
            // A lack of memory is no fault of the disk: SQLite has rolled back, and the store goes on.
            if (is_write(each.what) && kind.code != SQLITE_IOERR_NOMEM) faulted_ = true;
        }
    }

    void check_error(const stele::error& fault, const step& each, const fault_kind& kind) const {
        const std::string_view message = fault.what();
        const auto refuse = [&](std::string_view why) {
            throw broken(fmt::format("{}: ({}) {}", why, to_string(fault.kind()), message));
        };
        if (!vfs_.struck()) refuse("an error without a fault");
        if (message.find(file_) == message.npos) refuse("the error does not name the file");
        if (faulted_ && is_write(each.what)) {
            if (fault.kind() != error_kind::closed) refuse("the second error is not `closed`");
            if (message.find("SQLite") == message.npos) refuse("`closed` does not say why");
        } else if (fault.kind() != kind.expected) {
            refuse(fmt::format("not the kind {}", to_string(kind.expected)));
        }
    }

    // The content is correct, and an unanswered step is answered when it is repeated.
    void check_reopened() {
        past_->perform({step::kind::open});
        past_->perform({step::kind::read});
        for (const auto& each : std::vector(past_->attempts()))
            if (each.answered == attempt::answer::none && !each.is_removal())
                past_->perform({step::kind::repeat, {}, each.key.number});
        past_->perform({step::kind::append, {{"after-1", stele::expected_version::any(), {1, 2}}}});
        if (past_->attempts().back().answered != attempt::answer::accepted) throw broken("no append is accepted");
        past_->perform({step::kind::read});
        past_->perform({step::kind::close});
    }

    fault_vfs vfs_;
    temp_dir directory_;
    std::string file_ = directory_ / "events.db";
    stele::sqlite_options options_;
    std::vector<step> steps_ = small_history();
    std::optional<history> past_;
    bool faulted_ = false;  // a write has failed since the store was opened
};

// Whether a fault is tested in this run: a random one in n, or the requested one.
bool chosen(std::uint64_t number, std::uint64_t part) {
    if (const auto only = environment_number("STELE_FAULT")) return *only == number;
    return (number + run_seed()) % (part * one_in()) == 0;
}

class problem_list {
public:
    template <class Check>
    void run(std::uint64_t number, const fault_kind& kind, std::uint64_t nth, const Check& check) {
        if (problems_.size() == 5) return;
        ++runs_;
        try {
            check();
        } catch (const std::exception& fault) {
            problems_.push_back(fmt::format("STELE_FAULT={} ({} {} fails with {}): {}", number, to_string(kind.call),
                                            nth, kind.code, fault.what()));
        }
    }

    void report() const {
        for (const auto& each : problems_) MESSAGE(each);
        CHECK(problems_.empty());
        MESSAGE(runs_ << " faults");
    }

private:
    std::vector<std::string> problems_;
    int runs_ = 0;
};

}  // namespace

TEST_CASE("each call to the disk may fail") {
    auto span = disk_fault::span::once;
    std::uint64_t part = 1;  // one of how many faults is tested
    SUBCASE("once") {
        span = disk_fault::span::once;
    }
    std::optional<std::size_t> merges;
    SUBCASE("once, while indices are merged") {
        merges = 2, part = has_merges<> ? 2 : 1000;
    }
    SUBCASE("and all of its kind after it") {
        span = disk_fault::span::lasting, part = 3;
    }
    SUBCASE("and everything after it") {
        span = disk_fault::span::all_gone, part = 3;
    }

    io_faults test{merges};
    std::uint64_t number = 0;
    problem_list problems;
    for (const auto& kind : fault_kinds) {
        const auto calls = io_faults{merges}.calls(kind.call);
        for (std::uint64_t n = 1; n <= calls; ++n)
            if (chosen(++number, part * kind.stride))
                problems.run(number, kind, n, [&] { test.check(kind, {kind.call, n, kind.code, span}); });
    }
    problems.report();
}

TEST_CASE("data of a failed sync may be lost when the power fails later") {
    io_faults test;
    std::uint64_t number = 0;
    problem_list problems;
    constexpr fault_kind kind{disk_call::sync, SQLITE_IOERR_FSYNC, error_kind::io};
    const auto calls = io_faults{}.calls(kind.call);
    for (std::uint64_t n = 1; n <= calls; ++n)
        for (const auto span : {disk_fault::span::once, disk_fault::span::lasting})
            if (chosen(++number, 1))
                problems.run(number, kind, n, [&] { test.check_lost(kind, {kind.call, n, kind.code, span}); });
    problems.report();
}
