// first error: this type cannot be bound to an SQL parameter
#include <stele/projections/sql/read_model.hpp>

int main() {
    auto db = stele::read_model::in_memory();
    db.execute("SELECT ?1", db);
}
