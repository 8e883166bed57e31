// Two engines that were asked the same give the same answers, whatever was asked before.

#include "support/stores.hpp"

#include <stele/testing/manual_clock.hpp>

#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

using stele::direction;
using stele::expected_version;
using stele::stream_id;
using stele::version;

namespace {

constexpr const char* names[] = {"order-1", "order-item-5", "order", "orders-1"};

std::string text_of(const stele::append_outcome& outcome) {
    if (outcome) return fmt::format("v{} p{} {}", outcome->version.value, outcome->position.value, outcome->repeated);
    return outcome.error().message();
}

std::string text_of(const stele::stream_info& info) {
    const auto place = [](const std::optional<stele::event_place>& at) {
        return at ? fmt::format("v{} p{} {}", at->version.value, at->position.value,
                                at->recorded_at.time_since_epoch().count())
                  : std::string("none");
    };
    return fmt::format("{} {} v{} [{}, {}] ", info.stream, static_cast<int>(info.state), info.version.value,
                       place(info.first), place(info.last));
}

std::string text_of(stele::event_range range) {
    std::string all;
    for (const auto& event : std::move(range).events())
        all += fmt::format("{}:{}@{} ", event.position.value, event.stream, event.version.value);
    return all;
}

/// What the store says when it is called. The same for an error.
template <class Call>
std::string answer(const Call& call) {
    try {
        return call();
    } catch (const stele::error& refused) {
        return fmt::format("{}: {}", to_string(refused.kind()), refused.what());
    }
}

/// A number near the ones that are in use, or at an end of what there is.
std::uint64_t number() {
    return *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, 40),
                           rc::gen::element<std::uint64_t>(std::numeric_limits<std::uint64_t>::max(),
                                                           std::numeric_limits<std::uint64_t>::max() - 1,
                                                           std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 1));
}

expected_version expectation() {
    switch (*rc::gen::inRange(0, 4)) {
        case 0: return expected_version::any();
        case 1: return expected_version::no_stream();
        case 2: return expected_version::stream_exists();
        default: return expected_version::exactly({*rc::gen::inRange<std::uint64_t>(0, 6)});
    }
}

/// One call with arguments that are chosen at random, to be made of each store.
std::function<std::string(stele::event_store&)> any_call(const stele::timestamp& now) {
    const stream_id stream{*rc::gen::elementOf(std::vector<std::string>(std::begin(names), std::end(names)))};
    const auto expected = expectation();
    const auto a = number();
    const auto b = number();
    const auto order = *rc::gen::element(direction::forward, direction::backward);
    switch (*rc::gen::inRange(0, 14)) {
        case 0: return [=](auto& store) { return text_of(store.truncate_stream(stream, version{a}, expected)); };
        case 1: return [=](auto& store) { return text_of(store.delete_stream(stream, expected)); };
        case 2:
            if (*rc::gen::inRange(0, 5) != 0) return [=](auto& store) { return fmt::format("{}", store.head().value); };
            return [=](auto& store) { return text_of(store.tombstone_stream(stream, expected)); };
        case 3:
            return [=](auto& store) {
                return text_of(store.read_stream(stream, {{a}, {b}, order, std::max<std::uint64_t>(a, 1), {b}, {}}));
            };
        case 4: {
            const auto category = *rc::gen::element<std::string>("order", "order-item", "orders", "", "stele");
            stele::event_query filter;
            if (*rc::gen::inRange(0, 2) == 0) filter.categories = {category};
            if (*rc::gen::inRange(0, 2) == 0) filter.stream_prefixes = {category};
            if (*rc::gen::inRange(0, 2) == 0) filter.streams = {stream.str()};
            filter.system_events = *rc::gen::inRange(0, 2) == 0;
            return [=](auto& store) { return text_of(store.read_all({{a}, {b}, order, b, filter})); };
        }
        case 5: {
            const auto time = now - std::chrono::seconds{*rc::gen::inRange(-2, 30)};
            return [=](auto& store) { return fmt::format("{}", store.position_at(time).value); };
        }
        case 7: {
            const stele::stream_list_options which{
                .category = *rc::gen::element<std::string>("", "order", "order-item", "orders", "stele"),
                .after = *rc::gen::element<std::string>("", "order", "order-1", "p"),
                .limit = *rc::gen::inRange<std::size_t>(0, 5),
                .removed = *rc::gen::inRange(0, 2) == 0};
            return [=](auto& store) {
                std::string all;
                for (const auto& each : store.list_streams(which)) all += text_of(each);
                return all;
            };
        }
        case 8: return [=](auto& store) { return text_of(store.find_stream(stream)); };
        case 9: {
            const auto types =
                *rc::gen::element(std::vector<std::string>{"test.Happened"}, std::vector<std::string>{"test.None"});
            return [=](auto& store) {
                return text_of(store.read_stream(stream, {{a}, {b}, order, std::max<std::uint64_t>(b, 1), {a}, types}));
            };
        }
        case 10: {
            const auto events = make_events(1);
            return [=](auto& store) {
                const stele::stream_write write{stream_id{"other"}, expected_version::any(), events};
                const stele::append_condition expectation = stele::stream_expectation{stream, expected};
                const auto outcome = store.append(std::span(&write, 1), {}, std::span(&expectation, 1));
                return outcome ? text_of(outcome->front()) : outcome.error().message();
            };
        }
        case 6: return [=](auto& store) { return fmt::format("{}", store.stream_version(stream).value); };
        default: {
            const auto events = make_events(*rc::gen::inRange<std::size_t>(0, 4));
            return [=](auto& store) { return text_of(store.append(stream, expected, events)); };
        }
    }
}

}  // namespace

TEST_CASE("every store gives the same answers") {
    CHECK(rc::check("the same answers", [] {
        const temp_dir directory;
        stele::manual_clock clock;
        stele::memory_store memory{{}, clock.reader()};
        auto file = stele::sqlite_store::open(directory / "events.db",
                                              {.durability = stele::durability::normal, .now = clock.reader()});
        for (auto left = *rc::gen::inRange(1, 60); left > 0; --left) {
            if (*rc::gen::inRange(0, 2) == 0) clock.advance(std::chrono::seconds{1});
            const auto call = any_call(clock.now());
            const auto expected = answer([&] { return call(memory); });
            RC_ASSERT(answer([&] { return call(file); }) == expected);
        }
    }));
}

// Numbers that a caller may give are not yet numbers of events: what is computed with them must not overflow.
TEST_CASE("every store gives the same answers at the ends of the numbers") {
    const temp_dir directory;
    stele::manual_clock clock;
    stele::memory_store memory{{}, clock.reader()};
    auto file = stele::sqlite_store::open(directory / "events.db",
                                          {.durability = stele::durability::normal, .now = clock.reader()});
    const stream_id stream{"order-1"};
    const auto check_same = [&](const auto& call) {
        const auto expected = answer([&] { return call(static_cast<stele::event_store&>(memory)); });
        CHECK(answer([&] { return call(static_cast<stele::event_store&>(file)); }) == expected);
    };
    const auto events = make_events(5);
    check_same([&](auto& store) { return text_of(store.append(stream, expected_version::any(), events)); });
    check_same([&](auto& store) { return text_of(store.truncate_stream(stream, {2}, expected_version::any())); });

    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    constexpr auto most_signed = most / 2;
    const std::vector<std::vector<std::string>> type_lists{{}, {"test.Happened"}, {"test.None"}};
    const std::vector<stele::event_query> filters{
        {}, {.categories = {"order"}}, {.streams = {"order-1"}}, {.types = {"test.Happened"}}, {.tags = {"a:b"}}};
    constexpr std::uint64_t numbers[] = {0, 1, 3, most_signed - 1, most_signed, most_signed + 1, most - 1, most};
    for (const auto a : numbers)
        for (const auto b : numbers)
            for (const auto order : {direction::forward, direction::backward}) {
                CAPTURE(a);
                CAPTURE(b);
                for (const auto c : {std::uint64_t{3}, most_signed, most})
                    for (const auto& types : type_lists)
                        check_same([&](auto& store) {
                            return text_of(store.read_stream(stream, {{a}, {b}, order, c, {c}, types}));
                        });
                for (const auto& filter : filters)
                    check_same([&](auto& store) { return text_of(store.read_all({{a}, {b}, order, 9, filter})); });
            }
}
