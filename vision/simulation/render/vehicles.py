"""The mesh of a body, by its shape. Pure."""

from __future__ import annotations

from vision.simulation.bodies import Body
from vision.simulation.render.cars import bus_mesh, car_mesh, van_mesh
from vision.simulation.render.mesh import Mesh
from vision.simulation.render.trucks import semi_mesh, truck_mesh

__all__ = ["mesh_of"]


def mesh_of(body: Body) -> Mesh:
    """The vehicle's mesh; the same body gives the same mesh."""
    match body.shape:
        case "semi":
            return semi_mesh(body)
        case "rigid12" | "rigid7":
            return truck_mesh(body)
        case "bus":
            return bus_mesh(body)
        case "van":
            return van_mesh(body)
        case "car":
            return car_mesh(body)
