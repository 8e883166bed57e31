// first error: an inline projection has no dead letters
#include "testing.pb.h"

#include <stele/projections/inline/inline_projections.hpp>

namespace hana = boost::hana;
using testing::Incremented;

struct sum {
    static constexpr auto name = "sum";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto on_fault = stele::on_fault::dead_letter;
    static void create(stele::read_model& db) { db.execute("CREATE TABLE sum (value INTEGER)"); }
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model&) {}
};

int main() {
    auto store = stele::sqlite_store::open("events.db");
    stele::inline_projections{store}.add<sum>();
}
