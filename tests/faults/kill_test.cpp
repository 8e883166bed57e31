// A process that appends is killed at a random instant, again and again; then the file is opened and checked.
//
// Every acknowledged append is there, in its place; no refused one is; no append is there in part; versions and
// positions have only acknowledged gaps. The instant is random, so a failure may not repeat with the same seed:
// STELE_SEED=N STELE_ROUNDS=N ./kill_test repeats the same plans.

#include "faults/tools/kill_child.hpp"
#include "faults/tools/settings.hpp"
#include "support/merge_events.hpp"
#include "support/temp_dir.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <csignal>
#include <set>
#include <thread>

namespace {

using random_engine = std::mt19937_64;

// A process that runs a plan, and what it has reported.
class child {
public:
    explicit child(const child_plan& plan) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
        process_ = ::fork();
        if (process_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            run_child(plan, ends[1]);
        }
        ::close(ends[1]);
        pipe_ = ends[0];
    }
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    ~child() {
        kill();
        ::close(pipe_);
    }

    // Waits for this many further reports.
    void wait_for(std::size_t receipts) {
        while (receipts > 0) {
            pollfd ready{pipe_, POLLIN, 0};
            if (::poll(&ready, 1, 60'000) <= 0) throw broken("a process has appended nothing for a minute");
            if (!read_one()) throw broken("a process ended by itself");
            --receipts;
        }
    }

    // Kills it, and reads its remaining reports.
    void kill() {
        if (process_ <= 0) return;
        ::kill(process_, SIGKILL);
        int status = 0;
        while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
        }
        process_ = 0;
        ended_by_itself_ = !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
        while (read_one()) {
        }
    }

    [[nodiscard]] bool ended_by_itself() const { return ended_by_itself_; }
    [[nodiscard]] const std::vector<receipt>& told() const { return told_; }

private:
    bool read_one() {
        receipt next;
        const auto size = ::read(pipe_, &next, sizeof next);
        if (size == 0) return false;
        if (size != sizeof next) throw broken("a receipt is not whole");
        told_.push_back(next);
        return true;
    }

    pid_t process_ = 0;
    int pipe_ = -1;
    bool ended_by_itself_ = false;
    std::vector<receipt> told_;
};

// The answers of the store to all processes that wrote to one file.
class promises {
public:
    void add(const child& writer) {
        for (const auto& each : writer.told()) {
            switch (each.what) {
                case receipt::kind::opened: break;
                case receipt::kind::accepted: accepted_.emplace(each.key, each); break;
                case receipt::kind::refused: refused_.insert(each.key); break;
                case receipt::kind::removed: removed_.emplace(each.key, each); break;
                case receipt::kind::fault: throw broken(fmt::format("a process met a fault: {}", each.text));
            }
        }
        if (writer.ended_by_itself()) throw broken("a process ended by itself");
    }

    void check(const store_content& content) const {
        for (const auto& key : refused_)
            if (content.appends.contains(key)) throw broken(fmt::format("{} was refused and is there", to_string(key)));
        std::set<stele::position> explained;
        std::size_t gone = 0;
        for (const auto& [key, promised] : accepted_) {
            const auto found = content.appends.find(key);
            if (found != content.appends.end())
                check_place(promised, found->second);
            else if (!stele::category_of(promised.text).starts_with(removable_category))
                throw broken(fmt::format("{} ({}) was accepted and is lost", to_string(key), promised.text));
            else
                ++gone, explain(promised, explained);
        }
        if (gone != content.others.size())
            throw broken(
                fmt::format("{} appends were removed, but {} removals are on record", gone, content.others.size()));
        for (const auto& position : content.missing)
            if (!explained.contains(position)) throw broken(fmt::format("position {} is missing", position.value));
        for (const auto& [key, promised] : removed_)
            if (content.appends.contains(key) || !content.others.contains(promised.position))
                throw broken(fmt::format("the removal of {} is lost", to_string(key)));
    }

    [[nodiscard]] std::size_t size() const { return accepted_.size(); }

private:
    static void explain(const receipt& removed, std::set<stele::position>& positions) {
        for (std::uint64_t i = 0; i < removed.count; ++i) positions.insert({removed.position.value - i});
    }

    static void check_place(const receipt& promised, const store_content::found_append& found) {
        if (found.last_position != promised.position || found.last_version != promised.version ||
            found.stream != promised.text)
            throw broken(fmt::format("{} is in another place than was told", to_string(promised.key)));
    }

    std::map<append_key, receipt> accepted_;
    std::map<append_key, receipt> removed_;
    std::set<append_key> refused_;
};

// The only use of time: the instant of the kill, after 10 us to 40 ms. Short waits are as likely as long ones.
void wait_at_random(random_engine& random) {
    const double exponent = std::uniform_real_distribution{1.0, 4.6}(random);
    std::this_thread::sleep_for(std::chrono::microseconds{std::llround(std::pow(10.0, exponent))});
}

// After how many events a process merges its indices: mostly few, so that it is killed in the middle of merges.
std::optional<std::size_t> any_merges(random_engine& random) {
    const auto tiny = tiny_merges();
    const auto chosen = random() % (tiny.size() + 2);
    if (chosen < tiny.size()) return tiny[chosen];
    return chosen == tiny.size() ? std::optional<std::size_t>{50} : std::nullopt;
}

// Some processes append to the file and are killed; then it is checked.
void run_round(const std::filesystem::path& file, std::uint32_t round, random_engine& random, promises& promised) {
    const auto plan = [&](std::uint16_t first_writer) {
        return child_plan{.file = file,
                          .durability = random() % 2 == 0 ? stele::durability::full : stele::durability::normal,
                          .round = round,
                          .first_writer = first_writer,
                          .threads = static_cast<std::uint16_t>(1 + random() % 4),
                          .seed = random(),
                          .merge_events = any_merges(random)};
    };
    child first{plan(0)};
    if (random() % 2 == 0) first.wait_for(1);  // otherwise it may be killed while it opens the store
    if (random() % 4 == 0) {
        child second{plan(100)};
        wait_at_random(random);
        first.kill();
        // The lock of the killed process does not block the other.
        if (random() % 2 == 0) second.wait_for(second.told().size() + 5);
        wait_at_random(random);
        second.kill();
        promised.add(second);
    }
    wait_at_random(random);
    first.kill();
    promised.add(first);

    // Who only reads leaves what was killed as it is, for the next process. It makes no store, so there must be one.
    if (promised.size() > 0 && random() % 3 == 0) {
        auto reader = stele::sqlite_store::open_read_only(file);
        promised.check(read_whole(reader));
        return;
    }
    auto store = stele::sqlite_store::open(file);
    promised.check(read_whole(store));
    if (random() % 4 != 0) return;
    for (const auto& damage : store.verify().damage) throw broken(damage);
}

// Files on disk, where processes mostly die in a sync, and in memory, where they die between writes.
std::filesystem::path directory_for(const temp_dir& on_disk, const temp_dir* in_memory, random_engine& random) {
    return random() % 2 == 0 || in_memory == nullptr ? on_disk.path : in_memory->path;
}

std::unique_ptr<temp_dir> directory_in_memory() {
    if (!std::filesystem::is_directory("/dev/shm") || ::access("/dev/shm", W_OK) != 0) return nullptr;
    return std::make_unique<temp_dir>("/dev/shm");
}

}  // namespace

TEST_CASE("a process may be killed at any instant") {
    constexpr std::uint32_t rounds_per_file = 8;
    const auto rounds = environment_number("STELE_ROUNDS").value_or(200);
    const temp_dir on_disk;
    const auto in_memory = directory_in_memory();
    random_engine random{run_seed()};
    std::size_t acknowledged = 0;
    std::optional<promises> promised;
    std::filesystem::path file;
    std::string problem;
    for (std::uint32_t round = 0; round < rounds && problem.empty(); ++round) {
        if (round % rounds_per_file == 0) {
            if (promised) acknowledged += promised->size();
            promised.emplace();
            file = directory_for(on_disk, in_memory.get(), random) / fmt::format("events-{}.db", round);
        }
        try {
            run_round(file, round, random, *promised);
        } catch (const std::exception& fault) {
            problem = fmt::format("STELE_SEED={} STELE_ROUNDS={}, round {} ({}): {}", run_seed(), rounds, round,
                                  file.string(), fault.what());
        }
        if (round % rounds_per_file == rounds_per_file - 1 && problem.empty()) std::filesystem::remove(file);
    }
    CHECK(problem == "");
    MESSAGE(rounds << " rounds, " << acknowledged + promised->size() << " appends acknowledged");
}
