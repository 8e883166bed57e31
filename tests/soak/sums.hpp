#pragma once

#include "testing.pb.h"

#include <stele/projections/projection_runner.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace soak {

namespace hana = boost::hana;
using ::testing::Incremented;

/// The sum of each counter and how many events made it: an event that is lost or repeated changes it.
struct sums {
    static constexpr auto name = "sums";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto categories = hana::make_tuple("counter");  // nothing is removed from these

    static void create(stele::read_model& db) {
        db.execute(
            "CREATE TABLE sums (counter TEXT PRIMARY KEY, value INTEGER NOT NULL, events INTEGER NOT NULL) "
            "STRICT");
    }
    static void project(const Incremented& event, const stele::recorded_event& at, stele::read_model& db) {
        db.execute(
            "INSERT INTO sums VALUES (?1, ?2, 1) "
            "ON CONFLICT DO UPDATE SET value = value + ?2, events = events + 1",
            stele::instance_id_of(at.stream), event.by());
    }
};

/// The same in memory.
struct sums_in_memory {
    static constexpr auto name = "sums_in_memory";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto categories = hana::make_tuple("counter");  // nothing is removed from these
    std::map<std::string, std::int64_t> values = {};
    std::int64_t count = 0;

    void project(const Incremented& event, const stele::recorded_event& at) {
        values[std::string{stele::instance_id_of(at.stream)}] += event.by();
        ++count;
    }
    friend bool operator==(const sums_in_memory&, const sums_in_memory&) = default;
};

}  // namespace soak
