"""The operation of warm_up.py, used from Python on a simulated rack: python examples/own_operation/use_it.py"""

from orchestrator import Rack

with Rack.simulated(slots=4, speed=100_000) as rack:
    job_id = rack.warm_up(client_ref=7, slot_id=3, minutes=3)  # the pair is there by name, once it is installed
    answer = rack.warm_up_result(job_id)
    print(f"SIMULATED: {answer.first_celsius} to {answer.last_celsius} °C", rack.get_job_status(job_id).verdict)
    job_id = rack.warm_up(client_ref=7, slot_id=3, minutes=1, at_most_celsius=20)
    rack.wait([job_id])
    print(rack.get_job_status(job_id).verdict)
