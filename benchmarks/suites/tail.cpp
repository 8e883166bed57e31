#include "benchmarks/filler.hpp"
#include "benchmarks/floors/plain_reader.hpp"
#include "benchmarks/memory_growth.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <stele/eventstore/metadata.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t stream_count = 10'000;
// Three times sqlite_options::merge_events, which bounds the tail.
constexpr std::size_t largest_tail = 393'216;
constexpr std::size_t events_per_append = 10;

// Runs the work in a process of its own, which is then killed: nothing is closed. Returns the figure that it gives.
double in_child(const std::function<double()>& work) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("there is no pipe");
    const auto child = ::fork();
    if (child < 0) throw std::runtime_error("there is no process");
    if (child == 0) {
        double figure = -1;
        try {
            figure = work();
        } catch (...) {
            figure = -1;
        }
        static_cast<void>(!::write(ends[1], &figure, sizeof figure));
        ::raise(SIGKILL);
    }
    ::close(ends[1]);
    double figure = -1;
    const auto size = ::read(ends[0], &figure, sizeof figure);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (size != sizeof figure || figure < 0) throw std::runtime_error("the process that appends has failed");
    return figure;
}

stele::sqlite_options keeping_tail() {
    return unmerged(stele::sqlite_options{.durability = stele::durability::normal}, 2 * largest_tail);
}

// Appends so many events to a new store, and returns how much more memory that took.
double fill_tail(const std::filesystem::path& file, std::size_t events) {
    auto store = stele::sqlite_store::open(file, keeping_tail());
    workload data(stream_count);
    const memory_growth growth;
    for (std::size_t i = 0; i < events / events_per_append; ++i)
        for (const auto& each : data.batches(1, events_per_append)) append(store, each);
    return growth.peak_mib();
}

double milliseconds_to_open(const std::filesystem::path& file) {
    const auto begin = std::chrono::steady_clock::now();
    auto store = stele::sqlite_store::open(file, keeping_tail());
    // The first append needs to know the version of its stream, and so the tail.
    append(store, {stream_count, stream_of(stream_count), {}, {stele::event_data{.type = event_types[0]}}});
    const auto taken = std::chrono::steady_clock::now() - begin;
    return std::chrono::duration<double, std::milli>(taken).count();
}

}  // namespace

// A process is killed for each figure: a copy of its file would be verified when it is opened.
void measure_tail(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    const auto events = wanted.amount(largest_tail);
    std::vector<double> mib;
    std::vector<double> milliseconds;
    for (int i = 0; i < (wanted.quick ? 1 : 3); ++i) {
        check_interrupt();
        const auto file = directory / ("killed-" + std::to_string(i) + ".db").c_str();
        mib.push_back(in_child([&] { return fill_tail(file, events); }));
        milliseconds.push_back(milliseconds_to_open(file));
    }
    out.add_row("peak_tail_mib", spread_of(mib).median, "MiB");
    out.add_row("open_after_kill_ms", spread_of(milliseconds).median, "ms");
}

// Events of 60 bytes with 40 bytes of metadata, ten in an append, and the same in the tables of format 1.
void measure_file_size(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    const auto count = wanted.amount(1'000'000) / events_per_append * events_per_append;
    workload data(wanted.amount(stream_count));
    {
        auto store = stele::sqlite_store::open(directory / "store.db", {.durability = stele::durability::normal});
        for (std::size_t i = 0; i < count; i += events_per_append) {
            check_interrupt();
            auto next = data.batches(1, events_per_append);
            for (auto& each : next.front().events) {
                each.payload.resize(60, 'p');
                each.metadata = encode(stele::metadata{.correlation_id = std::string(38, 'm')});
            }
            append(store, next.front());
        }
    }
    {
        auto store = stele::sqlite_store::open(directory / "store.db");
        copy_as_format1(store, directory / "plain.db");
        const plain_reader moves_the_log(directory / "plain.db");
    }
    const auto each = [&](const char* name) {
        return static_cast<double>(std::filesystem::file_size(directory / name)) / static_cast<double>(count);
    };
    out.add_row("file_bytes_per_event", each("store.db"), "bytes");
    out.add_row("file_bytes_per_event_over_format1", each("store.db") / each("plain.db"), "of format 1");
}

}  // namespace bench
