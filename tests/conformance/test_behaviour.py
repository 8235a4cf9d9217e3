from pathlib import Path
import pytest
EX = Path(__file__).parents[2]/"manifests/examples"
@pytest.mark.parametrize("n",["big-sum","dynamic-resources","hybrid-cloud","scale-a-step","task-resources"])
def test_a(simulated, n):
    r = simulated(EX/n/f"{n}.dragoman.yaml")
    for p in r.pods: print(p.path,p.template,p.attempt,p.command[:1],p.env,p.resources,p.phase,p.message,p.printed,p.outputs)
    print(r.phase,r.nodes,r.messages,r.most_at_once)
    assert 0
