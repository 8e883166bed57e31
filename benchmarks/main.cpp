#include "benchmarks/contest.hpp"
#include "benchmarks/suites.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using bench::report;
using bench::settings;
using stele::durability;

struct suite {
    std::string name;
    std::function<void(const settings&, report&)> measure;
};

const std::vector<suite>& suites() {
    static const std::vector<suite> all = {
        {"append_batch1_full", [](auto& wanted, auto& out) { measure_append(wanted, out, 1, durability::full); }},
        {"append_batch1_normal", [](auto& wanted, auto& out) { measure_append(wanted, out, 1, durability::normal); }},
        {"append_batch100_full", [](auto& wanted, auto& out) { measure_append(wanted, out, 100, durability::full); }},
        {"append_batch100_normal", bench::measure_indexed_append},
        {"append_async1024", bench::measure_async},
        {"append_tags2", bench::measure_tags},
        {"condition_check", bench::measure_condition},
        {"append_threads64", bench::measure_threads},
        {"append_at_5m", bench::measure_growth},
        {"read_all, read_stream100", bench::measure_reads},
        {"read_stream_of_100k", bench::measure_long_stream},
        {"peak_tail, open_after_kill", bench::measure_tail},
        {"file_bytes_per_event", bench::measure_file_size},
        {"replay_memory", bench::measure_replay},
        {"replay_peak_rss", bench::measure_replay_memory},
        {"subscription_wakeup", bench::measure_wakeup},
        {"durable_subscription", bench::measure_durable_subscription},
        {"send_warm", [](auto& wanted, auto& out) { measure_send(wanted, out, durability::full, true); }},
        {"send_warm_normal", [](auto& wanted, auto& out) { measure_send(wanted, out, durability::normal, true); }},
        {"send_cold_normal", [](auto& wanted, auto& out) { measure_send(wanted, out, durability::normal, false); }},
        {"send_warm_over_append", bench::measure_send_threads},
        {"process_throughput", [](auto& wanted, auto& out) { measure_processes(wanted, out, durability::full); }},
        {"process_throughput_normal",
         [](auto& wanted, auto& out) { measure_processes(wanted, out, durability::normal); }},
        {"load_10k", bench::measure_load},
        {"rebuild", bench::measure_rebuild},
        {"inline", bench::measure_inline},
        {"compile_bank_model", bench::measure_compile},
    };
    return all;
}

std::string names() {
    std::string text;
    for (const auto& each : suites()) text += each.name + '\n';
    return text;
}

std::vector<suite> chosen(const settings& wanted) {
    std::vector<suite> result;
    for (const auto& each : suites())
        if (each.name.find(wanted.only) != std::string::npos) result.push_back(each);
    if (result.empty())
        throw std::invalid_argument(fmt::format("--only {}: no such name; there are:\n{}", wanted.only, names()));
    return result;
}

report measure(const settings& wanted, const std::vector<suite>& all) {
    report out;
    for (const auto& each : all) {
        fmt::print(stderr, "{} ... ", each.name);
        const auto begin = std::chrono::steady_clock::now();
        each.measure(wanted, out);
        fmt::print(stderr, "{:.0f} s\n",
                   std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    return out;
}

void run(settings wanted) {
    const auto all = chosen(wanted);
    wanted.directory = bench::disk_directory(wanted.directory);
    if (!wanted.json.empty()) bench::write_file(wanted.json, "{}\n");  // find out now, not after minutes
    bench::stop_on_interrupt();
    fmt::print("{}\n", bench::machine(wanted.directory));
    if (wanted.quick) fmt::print("This is a --quick run: the figures mean nothing.\n\n");
    std::fflush(stdout);
    const report out = measure(wanted, all);
    fmt::print("{}", out.table());
    if (!wanted.json.empty()) bench::write_file(wanted.json, out.json());
}

}  // namespace

int main(int count, char** arguments) {
    try {
        const auto wanted = bench::parse(count, arguments);
        if (wanted.help)
            fmt::print("{}\n", bench::usage);
        else if (wanted.list)
            fmt::print("{}", names());
        else
            run(wanted);
        return 0;
    } catch (const std::invalid_argument& e) {
        fmt::print(stderr, "stele_bench: {}\n\n{}\n", e.what(), bench::usage);
        return 2;
    } catch (const std::exception& e) {
        fmt::print(stderr, "\nstele_bench: {}\n", e.what());
        return 1;
    }
}
