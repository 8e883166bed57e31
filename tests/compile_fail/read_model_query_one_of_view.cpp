// first error: query_one returns when the row is gone
#include <stele/projections/sql/read_model.hpp>

int main() {
    auto db = stele::read_model::in_memory();
    return db.query_one<std::string_view>("SELECT 'a'").has_value() ? 0 : 1;
}
