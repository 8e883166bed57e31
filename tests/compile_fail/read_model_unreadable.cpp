// first error: an SQL column cannot be read as this type
#include <stele/projections/sql/read_model.hpp>

int main() {
    auto db = stele::read_model::in_memory();
    for (auto [pointer] : db.query<int*>("SELECT 1")) (void)pointer;
}
