#include "repair.hpp"

#include <stele/testing.hpp>

using namespace workshop;

int main() {
    stele::given<repair>().when(open_repair("17", "bicycle")).then(repair_opened("bicycle"));
    stele::given<repair>(repair_opened("bicycle")).when(open_repair("17", "lamp")).then_rejected("number_taken");
    stele::given<repair>(repair_opened("bicycle"), repair_finished(8000))
        .when(finish_repair("17", 8000))
        .then_rejected("not_open");
}
