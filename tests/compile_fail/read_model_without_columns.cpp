// first error: name the types of the columns: query<std::string, std::int64_t>(…)
#include <stele/projections/sql/read_model.hpp>

int main() {
    auto db = stele::read_model::in_memory();
    (void)db.query("SELECT 1");
}
